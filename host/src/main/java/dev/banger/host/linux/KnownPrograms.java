package dev.banger.host.linux;

import java.util.Map;
import java.util.Optional;

/** Which Debian package has a program, for the message when it is missing. */
final class KnownPrograms {
    private static final Map<String, String> PACKAGES = Map.ofEntries(
            Map.entry("apt-cache", "apt"),
            Map.entry("apt-config", "apt"),
            Map.entry("apt-get", "apt"),
            Map.entry("debugfs", "e2fsprogs"),
            Map.entry("depmod", "kmod"),
            Map.entry("ebtables", "ebtables"),
            Map.entry("dpkg-deb", "dpkg"),
            Map.entry("e2fsck", "e2fsprogs"),
            Map.entry("ip", "iproute2"),
            Map.entry("iptables", "iptables"),
            Map.entry("mke2fs", "e2fsprogs"),
            Map.entry("mksquashfs", "squashfs-tools"),
            Map.entry("mmdebstrap", "mmdebstrap"),
            Map.entry("newuidmap", "uidmap"),
            Map.entry("nft", "nftables"),
            Map.entry("qemu-img", "qemu-utils"),
            Map.entry("qemu-system-x86_64", "qemu-system-x86"),
            Map.entry("ssh", "openssh-client"),
            Map.entry("ssh-keygen", "openssh-client"),
            Map.entry("sysctl", "procps"),
            Map.entry("tar", "tar"),
            Map.entry("unshare", "util-linux"));

    private KnownPrograms() {}

    static Optional<String> packageOf(String program) {
        return Optional.ofNullable(PACKAGES.get(program));
    }
}
