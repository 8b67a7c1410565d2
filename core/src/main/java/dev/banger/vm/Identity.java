package dev.banger.vm;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What makes a guest this VM and no other; sent at boot and again after every restore. Clock and entropy are added when
 * it is sent. Holds a secret: {@link #toString} hides it.
 *
 * @param address with prefix length
 * @param generation counts the identities given since the guest booted: more than 1 after a restore
 * @param hostKey the guest's private ssh host key, an OpenSSH key file
 * @param workDisk where the work disk is mounted; null: there is none
 */
public record Identity(
        String hostname,
        String address,
        String gateway,
        List<String> dns,
        String mac,
        String machineId,
        int generation,
        List<String> authorizedKeys,
        @Nullable String hostKey,
        @Nullable String hostKeyPublic,
        @Nullable String workDisk) {

    /** The guest has just booted. */
    static final int FIRST = 1;
    /** The guest was restored: it has been another before. */
    static final int RESTORED = 2;

    @Override
    public String toString() {
        return "Identity[" + hostname + ", " + address + ", generation " + generation + "]";
    }

    /** Collects what capabilities contribute. Not thread-safe. */
    public static final class Builder {
        private final List<String> authorizedKeys = new ArrayList<>();
        private @Nullable String hostKey;
        private @Nullable String hostKeyPublic;
        private @Nullable String workDisk;

        public Builder authorizedKey(String line) {
            authorizedKeys.add(line);
            return this;
        }

        public Builder hostKey(String privateKey, String publicLine) {
            hostKey = privateKey;
            hostKeyPublic = publicLine;
            return this;
        }

        public Builder workDisk(String mountPoint) {
            workDisk = mountPoint;
            return this;
        }

        Identity build(VmRecord vm, NetworkSettings network, int generation) {
            return new Identity(
                    vm.name(),
                    vm.runtime().guestIp(),
                    network.gateway(),
                    network.dns(),
                    vm.runtime().mac(),
                    vm.runtime().machineId(),
                    generation,
                    List.copyOf(authorizedKeys),
                    hostKey,
                    hostKeyPublic,
                    workDisk);
        }
    }

    /** The guest's side of its network. */
    public record NetworkSettings(String gateway, List<String> dns) {}
}
