package dev.banger.host.linux;

import dev.banger.operation.Lack;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which package of which distribution has a program that banger runs, or a file that such a one reads. */
final class ProgramPackages {
    /** A line a program or file: what Debian, Fedora, Arch, openSUSE and Alpine call the package; {@code -}: they have none. */
    private static final String TABLE = """
            /usr/include/gelf.h  libelf-dev      elfutils-libelf-devel libelf          libelf-devel    elfutils-dev
            /usr/include/stdio.h libc6-dev       glibc-devel           glibc           glibc-devel     musl-dev
            apt-cache            apt             apt                   apt             -               -
            apt-config           apt             apt                   apt             -               -
            apt-get              apt             apt                   apt             -               -
            bc                   bc              bc                    bc              bc              bc
            bison                bison           bison                 bison           bison           bison
            debugfs              e2fsprogs       e2fsprogs             e2fsprogs       e2fsprogs       e2fsprogs-extra
            depmod               kmod            kmod                  kmod            kmod            kmod
            dpkg-deb             dpkg            dpkg                  dpkg            dpkg            dpkg
            e2fsck               e2fsprogs       e2fsprogs             e2fsprogs       e2fsprogs       e2fsprogs
            ebtables             iptables        iptables-nft          iptables-nft    iptables        iptables
            find                 findutils       findutils             findutils       findutils       findutils
            flex                 flex            flex                  flex            flex            flex
            gcc                  gcc             gcc                   gcc             gcc             gcc
            ip                   iproute2        iproute               iproute2        iproute2        iproute2
            iptables             iptables        iptables-nft          iptables        iptables        iptables
            ld                   binutils        binutils              binutils        binutils        binutils
            make                 make            make                  make            make            make
            mke2fs               e2fsprogs       e2fsprogs             e2fsprogs       e2fsprogs       e2fsprogs
            mksquashfs           squashfs-tools  squashfs-tools        squashfs-tools  squashfs        squashfs-tools
            mmdebstrap           mmdebstrap      mmdebstrap            -               -               -
            modinfo              kmod            kmod                  kmod            kmod            kmod
            modprobe             kmod            kmod                  kmod            kmod            kmod
            newuidmap            uidmap          shadow-utils          shadow          shadow          shadow-uidmap
            nft                  nftables        nftables              nftables        nftables        nftables
            perl                 perl-base       perl-interpreter      perl            perl-base       perl
            qemu-img             qemu-utils      qemu-img              qemu-img        qemu-tools      qemu-img
            qemu-system-x86_64   qemu-system-x86 qemu-system-x86       qemu-system-x86 qemu-x86        qemu-system-x86_64
            ssh                  openssh-client  openssh-clients       openssh         openssh-clients openssh-client
            sysctl               procps          procps-ng             procps-ng       procps          procps
            tar                  tar             tar                   tar             tar             tar
            unshare              util-linux      util-linux            util-linux      util-linux      util-linux
            xz                   xz-utils        xz                    xz              xz              xz
            """;

    private static final Map<String, Map<PackageInstaller, String>> PACKAGES = parse();

    private ProgramPackages() {}

    private static Map<String, Map<PackageInstaller, String>> parse() {
        Map<String, Map<PackageInstaller, String>> all = new HashMap<>();
        TABLE.lines().forEach(line -> {
            String[] words = line.split(" +");
            Map<PackageInstaller, String> names = new HashMap<>();
            for (PackageInstaller manager : PackageInstaller.values()) {
                String name = words[1 + manager.ordinal()];
                if (!name.equals("-")) {
                    names.put(manager, name);
                }
            }
            all.put(words[0], Map.copyOf(names));
        });
        return Map.copyOf(all);
    }

    /** Empty for what is not in the table, or what that distribution does not have. */
    static Optional<String> of(String program, PackageInstaller manager) {
        return Optional.ofNullable(PACKAGES.getOrDefault(program, Map.of()).get(manager));
    }

    static Set<String> programs() {
        return PACKAGES.keySet();
    }

    /** How a program is had that is not there. */
    static Lack.Remedy remedy(String program, Optional<PackageInstaller> manager, boolean root) {
        Optional<Lack.Remedy> install =
                manager.flatMap(its -> of(program, its).map(name -> new Lack.Install(its.command(root), name)));
        return install.orElseGet(() -> of(program, PackageInstaller.APT)
                .<Lack.Remedy>map(
                        name -> new Lack.Step("install " + program + ", which Debian has in its package " + name))
                .orElse(Lack.NO_REMEDY));
    }
}
