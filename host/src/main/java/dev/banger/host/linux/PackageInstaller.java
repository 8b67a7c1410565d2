package dev.banger.host.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What installs packages on a distribution, by what its os-release(5) says. */
public enum PackageInstaller {
    APT("apt-get install", "debian", "ubuntu"),
    DNF("dnf install", "fedora", "rhel", "centos"),
    PACMAN("pacman -S", "arch"),
    ZYPPER("zypper install", "opensuse", "suse", "sles"),
    APK("apk add", "alpine");

    private static final List<Path> OS_RELEASE = List.of(Path.of("/etc/os-release"), Path.of("/usr/lib/os-release"));

    private final String command;
    private final List<String> distributions;

    PackageInstaller(String command, String... distributions) {
        this.command = command;
        this.distributions = List.of(distributions);
    }

    /** This host's; empty where nobody knows. */
    public static Optional<PackageInstaller> ofHost() {
        for (Path file : OS_RELEASE) {
            try {
                return of(Files.readString(file));
            } catch (IOException e) {
                continue; // the second is for hosts that have no first
            }
        }
        return Optional.empty();
    }

    /** By the text of an os-release: ID first, then what ID_LIKE names, the closest relative first. */
    static Optional<PackageInstaller> of(String osRelease) {
        return Stream.concat(
                        Stream.of(value(osRelease, "ID")),
                        Arrays.stream(value(osRelease, "ID_LIKE").split(" ")))
                .flatMap(id -> Stream.of(values())
                        .filter(each -> each.distributions.stream()
                                .anyMatch(known -> id.equals(known) || id.startsWith(known + "-"))))
                .findFirst();
    }

    private static String value(String osRelease, String key) {
        return osRelease
                .lines()
                .filter(line -> line.startsWith(key + "="))
                .map(line -> line.substring(key.length() + 1).strip().replaceAll("^[\"']|[\"']$", ""))
                .findFirst()
                .orElse("");
    }

    /** The command that installs what is named after it. Root needs no sudo, which a small host may not have. */
    public String command(boolean root) {
        return root ? command : "sudo " + command;
    }
}
