package dev.banger.host.debian;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Makes a sandbox's system of a freshly installed Debian: nothing in it is one machine's own, nothing runs that a sandbox
 * does not need. Hostname, hosts, resolver, network, keys and clock come from the agent at each boot.
 */
final class GuestSettings {
    /** Generators for what a VM of banger's never has; each is a program that runs before anything else may start. */
    private static final List<String> UNUSED_GENERATORS = List.of(
            "systemd-bless-boot-generator",
            "systemd-cryptsetup-generator",
            "systemd-getty-generator",
            "systemd-gpt-auto-generator",
            "systemd-hibernate-resume-generator",
            "systemd-integritysetup-generator",
            "systemd-rc-local-generator",
            "systemd-system-update-generator",
            "systemd-tpm2-generator",
            "systemd-veritysetup-generator");

    /**
     * Units masked because each costs a program's start in every boot, 30 to 100 ms under emulation, for nothing: the
     * console takes no input, there are no seats, the journal is volatile, the agent seeds the random pool, and
     * kernel file systems for tracing and configuration are mounted by who wants them. No device unit is among them (P19).
     */
    private static final List<String> MASKED_UNITS = List.of(
            "apt-daily.timer",
            "apt-daily-upgrade.timer",
            "dev-hugepages.mount",
            "dpkg-db-backup.timer",
            "e2scrub_all.timer",
            "e2scrub_reap.service",
            "fstrim.timer",
            "getty.target",
            "ldconfig.service",
            "proc-sys-fs-binfmt_misc.automount",
            "sys-fs-fuse-connections.mount",
            "sys-kernel-config.mount",
            "sys-kernel-debug.mount",
            "sys-kernel-tracing.mount",
            "systemd-ask-password-console.path",
            "systemd-ask-password-wall.path",
            "systemd-firstboot.service",
            "systemd-hwdb-update.service",
            "systemd-journal-catalog-update.service",
            "systemd-journal-flush.service",
            "systemd-journald-audit.socket",
            "systemd-logind.service",
            "systemd-machine-id-commit.service",
            "systemd-networkd.service",
            "systemd-networkd.socket",
            "systemd-networkd-wait-online.service",
            "systemd-pcrphase.service",
            "systemd-pcrphase-sysinit.service",
            "systemd-pstore.service",
            "systemd-random-seed.service",
            "systemd-repart.service",
            "systemd-resolved.service",
            "systemd-timesyncd.service",
            "systemd-update-utmp.service",
            "systemd-update-utmp-runlevel.service");

    /**
     * Keys only, and only the curve that is fast under emulation beside one for older clients. PAM stays on: without it
     * accounts made with {@code adduser --disabled-password} could not log in by key, and limits and /etc/environment
     * would not apply.
     */
    private static final String SSHD = """
            # Written by banger. The host key is put here at each boot.
            HostKey /etc/ssh/ssh_host_ed25519_key
            PermitRootLogin prohibit-password
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256
            UseDNS no
            PrintLastLog no
            """;

    private static final String JOURNAL = """
            [Journal]
            Storage=volatile
            RuntimeMaxUse=16M
            Audit=no
            """;

    private static final String SYSTEMD = """
            [Manager]
            DefaultTimeoutStartSec=30s
            DefaultTimeoutStopSec=10s
            """;

    /** Documentation stays out of what is installed later, too, and dpkg does not wait for the disk. */
    private static final String DPKG = """
            path-exclude=/usr/share/doc/*
            path-include=/usr/share/doc/*/copyright
            path-exclude=/usr/share/info/*
            path-exclude=/usr/share/locale/*
            path-exclude=/usr/share/man/*
            force-unsafe-io
            """;

    /** For sh, with the root as its first argument: removes what {@link #dpkgOptions} exclude of what dpkg did not unpack. */
    static final String REMOVE_DOCUMENTATION = """
            cd "$1"/usr/share && find doc ! -type d ! -name copyright -delete || exit
            for each in info locale man; do
                [ ! -d $each ] || find $each -mindepth 1 -delete || exit
            done""";

    private static final String APT = """
            Acquire::Languages "none";
            APT::Periodic::Enable "0";
            """;

    private static final String HOSTS = """
            127.0.0.1 localhost
            ::1 localhost ip6-localhost ip6-loopback
            """;

    private final Path tree;

    GuestSettings(Path tree) {
        this.tree = tree;
    }

    /** The options for dpkg that are already in force while the image's packages are installed. */
    static List<String> dpkgOptions() {
        return DPKG.lines().toList();
    }

    void apply(String sourcesList) throws IOException {
        removeWhatIsOneMachines();
        write("etc/apt/sources.list", sourcesList);
        write("etc/apt/apt.conf.d/90banger", APT);
        write("etc/dpkg/dpkg.cfg.d/banger", DPKG);
        write("etc/hostname", "banger\n");
        write("etc/hosts", HOSTS);
        write("etc/resolv.conf", "");
        write("etc/fstab", "# The root file system is mounted before systemd starts.\n");
        write("etc/machine-id", "");
        write("etc/motd", "");
        write("etc/default/locale", "LANG=C.UTF-8\n");
        write("etc/ssh/sshd_config.d/banger.conf", SSHD);
        write("etc/systemd/journald.conf.d/banger.conf", JOURNAL);
        write("etc/systemd/system.conf.d/banger.conf", SYSTEMD);
        // sshd wants its directory whoever starts it, also without its unit (P21).
        write("etc/tmpfiles.d/sshd.conf", "d /run/sshd 0755 root root\n");
        for (String generator : UNUSED_GENERATORS) {
            link("etc/systemd/system-generators/" + generator, "/dev/null");
        }
        for (String unit : MASKED_UNITS) {
            link("etc/systemd/system/" + unit, "/dev/null");
        }
        listenForSsh();
        // Newer than /usr: nothing needs the work that systemd does after an offline update (systemd-update-done(8)).
        write("etc/.updated", "");
        write("var/.updated", "");
    }

    /** sshd starts with the first connection: the boot does not wait for it, and ssh answers earlier. */
    private void listenForSsh() throws IOException {
        remove("etc/systemd/system/multi-user.target.wants/ssh.service");
        remove("etc/systemd/system/sshd.service");
        link("etc/systemd/system/sockets.target.wants/ssh.socket", "/lib/systemd/system/ssh.socket");
    }

    private void removeWhatIsOneMachines() throws IOException {
        removeMatching("etc/ssh", "ssh_host_.*");
        removeMatching("etc/apt/sources.list.d", ".*");
        remove("etc/apt/apt.conf.d/99mmdebstrap");
        remove("etc/dpkg/dpkg.cfg.d/99mmdebstrap");
        removeMatching("etc/update-motd.d", ".*");
        removeMatching("etc", "(passwd|group|shadow|gshadow|subuid|subgid)-");
        removeMatching("var/cache/debconf", ".*-old");
        removeMatching("var/lib/dpkg", ".*-old");
        removeMatching("var/lib/systemd", "random-seed");
        removeMatching("var/log", ".*\\.log");
        removeMatching("var/log/apt", ".*");
        remove("var/log/journal");
        remove("var/lib/dbus/machine-id");
    }

    /** Modes are written explicitly: the daemon's umask is its own matter (P22). */
    private void write(String name, String content) throws IOException {
        Path file = tree.resolve(name);
        makeDirectories(parentOf(file));
        // What is there may be a link to a file of the host's.
        Files.deleteIfExists(file);
        Files.writeString(file, content, StandardCharsets.UTF_8);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    }

    private void link(String name, String target) throws IOException {
        Path file = tree.resolve(name);
        makeDirectories(parentOf(file));
        Files.deleteIfExists(file);
        Files.createSymbolicLink(file, Path.of(target));
    }

    private void makeDirectories(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        makeDirectories(parentOf(directory));
        Files.createDirectory(directory);
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static Path parentOf(Path path) {
        Path parent = path.getParent();
        if (parent == null) {
            throw new IllegalArgumentException(path + " has no parent");
        }
        return parent;
    }

    private void remove(String name) throws IOException {
        Files.deleteIfExists(tree.resolve(name));
    }

    private void removeMatching(String directory, String names) throws IOException {
        Path where = tree.resolve(directory);
        if (!Files.isDirectory(where, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> files = Files.list(where)) {
            for (Path file : files.sorted(Comparator.naturalOrder()).toList()) {
                if (file.getFileName().toString().matches(names)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }
}
