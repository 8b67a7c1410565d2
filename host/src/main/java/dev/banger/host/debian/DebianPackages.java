package dev.banger.host.debian;

import dev.banger.api.BangerException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.regex.Pattern;

/** What is installed in a Debian image, beside mmdebstrap's minbase: required packages and apt. */
final class DebianPackages {
    /** systemd recommends udev and dbus only, but without them device units never become active (P20). */
    private static final List<String> SYSTEM = List.of("systemd", "systemd-sysv", "udev", "dbus", "kmod", "sudo");

    private static final List<String> NETWORK = List.of(
            "openssh-server",
            "openssh-client",
            "ca-certificates",
            "netbase",
            "iproute2",
            "iputils-ping",
            "curl",
            "wget",
            "netcat-openbsd",
            "rsync");

    /** What people and coding agents type without thinking whether it is there. */
    private static final List<String> TOOLS = List.of(
            "bash-completion",
            "less",
            "vim-tiny",
            "nano",
            "tmux",
            "procps",
            "psmisc",
            "lsof",
            "strace",
            "file",
            "jq",
            "bzip2",
            "xz-utils",
            "zstd",
            "zip",
            "unzip");

    /** A compiler is half of the image, but most of what is built from source in a sandbox needs it. */
    private static final List<String> DEVELOPMENT =
            List.of("git", "build-essential", "pkg-config", "python3", "python3-venv");

    /** Debian Policy, section 5.6.7, and apt's ways to name an architecture, a version or a release. */
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9.+-]+(:[a-z0-9-]+)?([=/][A-Za-z0-9.+:~-]+)?");

    private DebianPackages() {}

    /** The image's packages with those that were asked for. */
    static List<String> with(List<String> requested) {
        for (String each : requested) {
            if (!NAME.matcher(each).matches()) {
                throw BangerException.invalid("\"" + each + "\" is not the name of a Debian package");
            }
        }
        LinkedHashSet<String> all = new LinkedHashSet<>();
        List.of(SYSTEM, NETWORK, TOOLS, DEVELOPMENT, requested).forEach(all::addAll);
        return new ArrayList<>(all);
    }
}
