package dev.banger.host.qemu;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.Output;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.vm.Acceleration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether KVM works here, found out by running a guest: a device node alone proves little, since nested and restricted
 * hosts show one on which guests never run. The guest is six bytes of firmware that write to QEMU's debug-exit port. Probed
 * once; thread-safe.
 */
public final class KvmProbe {
    private static final Path DEVICE = Path.of("/dev/kvm");
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    /** The guest writes 16; QEMU exits with twice that plus one (hw/misc/debugexit.c). */
    private static final int EXPECTED = 33;

    private final ProgramRunner programs;
    private final Path directory;
    private @Nullable String result;

    /** The firmware is written to {@code directory} for the moment of the probe. */
    public KvmProbe(ProgramRunner programs, Path directory) {
        this.programs = programs;
        this.directory = directory;
    }

    /** Why KVM cannot be used; empty: it can. */
    synchronized String obstacle() {
        String known = result;
        if (known == null) {
            known = probe();
            result = known;
        }
        return known;
    }

    private String probe() {
        if (!Files.exists(DEVICE)) {
            return "there is no /dev/kvm: the CPU's virtualisation is off, or this is a VM without nested virtualisation";
        }
        if (!Files.isReadable(DEVICE) || !Files.isWritable(DEVICE)) {
            return "/dev/kvm is not accessible to this user (sudo usermod -aG kvm USER, then log in again)";
        }
        return run(Acceleration.KVM);
    }

    /** Runs the guest with an acceleration. @return what went wrong, empty for nothing */
    String run(Acceleration acceleration) {
        Path firmware = directory.resolve("kvm-probe-" + acceleration.label() + ".bin");
        try {
            Files.write(firmware, firmware(), StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
            try {
                Output output = programs.attempt(Program.of(
                        TIMEOUT,
                        List.of(
                                QemuVmm.PROGRAM,
                                "-machine",
                                "microvm,acpi=off",
                                "-accel",
                                QemuCommandLine.accelerator(acceleration, true),
                                "-cpu",
                                QemuCommandLine.cpu(acceleration),
                                "-m",
                                "16M",
                                "-nodefaults",
                                "-no-user-config",
                                "-no-reboot",
                                "-display",
                                "none",
                                "-bios",
                                firmware.toString(),
                                "-device",
                                "isa-debug-exit,iobase=0xf4,iosize=0x04")));
                if (output.status() == EXPECTED) {
                    return "";
                }
                String said = output.stderr().lines().findFirst().orElse("exit status " + output.status());
                return "/dev/kvm is there, but a test guest does not run on it: " + said;
            } finally {
                Files.deleteIfExists(firmware);
            }
        } catch (BangerException e) {
            if (e.code() == ErrorCode.CANCELLED) {
                throw e; // no answer, so nothing to remember
            }
            return "/dev/kvm is there, but a test guest does not run on it: " + e.getMessage();
        } catch (IOException e) {
            return "KVM could not be tried: " + e;
        }
    }

    /** The CPU starts 16 bytes before the end: mov al,16; out 0xf4,al; hlt. */
    private static byte[] firmware() {
        byte[] image = new byte[64 * 1024];
        Arrays.fill(image, (byte) 0xf4);
        byte[] code = {(byte) 0xb0, 0x10, (byte) 0xe6, (byte) 0xf4};
        System.arraycopy(code, 0, image, image.length - 16, code.length);
        return image;
    }
}
