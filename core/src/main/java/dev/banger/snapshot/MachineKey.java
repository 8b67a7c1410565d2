package dev.banger.snapshot;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * What the memory of a machine depends on: where any part differs it cannot be restored.
 *
 * @param vmm the VMM and its build: another build may lay out its devices in another way
 * @param acceleration {@code kvm} or {@code tcg}
 * @param cpuModel what the guest's kernel found when it booted; with {@code nested} it is another
 * @param initramfs name of the initramfs, which has the digest of agent and boot modules in it
 * @param nested whether it can run VMs itself
 */
public record MachineKey(
        String vmm,
        String acceleration,
        String cpuModel,
        String image,
        String imageDigest,
        String kernel,
        String kernelDigest,
        String initramfs,
        int cpus,
        long memoryMiB,
        boolean nested) {

    /** The same for equal keys: 16 hex digits. Names of image and kernel are left out, since their digests say it, and {@code nested}, since the CPU model does. */
    public String id() {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            for (Object part :
                    List.of(vmm, acceleration, cpuModel, imageDigest, kernelDigest, initramfs, cpus, memoryMiB)) {
                sha256.update(part.toString().getBytes(StandardCharsets.UTF_8));
                sha256.update((byte) 0);
            }
            return HexFormat.of().formatHex(sha256.digest(), 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** What stands in the way of restoring a machine of this key where there is {@code here}, for people; empty: nothing. */
    public List<String> obstacles(MachineKey here) {
        List<String> obstacles = new ArrayList<>();
        compare(obstacles, "the VMM", vmm, here.vmm);
        compare(obstacles, "the acceleration", acceleration, here.acceleration);
        compare(obstacles, "the CPU model", cpuModel, here.cpuModel);
        compare(obstacles, "kernel " + kernel, kernelDigest, here.kernelDigest);
        return List.copyOf(obstacles);
    }

    private static void compare(List<String> obstacles, String what, String saved, String here) {
        if (!saved.equals(here)) {
            obstacles.add(what + " was " + saved + " and is " + here);
        }
    }
}
