package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.operation.Lack;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What is told to whoever has to install a program. */
class PackageInstallerTest {
    @ParameterizedTest
    @CsvSource({
        "'ID=debian', APT",
        "'ID=ubuntu|ID_LIKE=debian', APT",
        "'ID=linuxmint|ID_LIKE=\"ubuntu debian\"', APT",
        "'ID=fedora', DNF",
        "'ID=\"rocky\"|ID_LIKE=\"rhel centos fedora\"', DNF",
        "'ID=arch', PACMAN",
        "'ID=manjaro|ID_LIKE=arch', PACMAN",
        "'ID=\"opensuse-tumbleweed\"|ID_LIKE=\"opensuse suse\"', ZYPPER",
        "'ID=\"sles\"|ID_LIKE=suse', ZYPPER",
        "'ID=alpine', APK",
        "'ID=postmarketos|ID_LIKE=alpine', APK"
    })
    void aDistributionIsKnownByItsNameOrItsRelatives(String osRelease, PackageInstaller expected) {
        assertThat(PackageInstaller.of("NAME=x\n" + osRelease.replace('|', '\n') + "\n"))
                .contains(expected);
    }

    @ParameterizedTest
    @CsvSource({"''", "'ID=plan9'", "'NAME=debian'", "'ID=debianish'"})
    void anUnknownOneIsNotGuessed(String osRelease) {
        assertThat(PackageInstaller.of(osRelease)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "ip, APT, sudo apt-get install iproute2",
        "ip, DNF, sudo dnf install iproute",
        "qemu-system-x86_64, PACMAN, sudo pacman -S qemu-system-x86",
        "mksquashfs, ZYPPER, sudo zypper install squashfs",
        "newuidmap, APK, sudo apk add shadow-uidmap",
        "/usr/include/gelf.h, DNF, sudo dnf install elfutils-libelf-devel"
    })
    void aProgramIsInstalledByTheDistributionsOwnCommand(String program, PackageInstaller manager, String command) {
        assertThat(advice(program, Optional.of(manager), false)).isEqualTo(command);
    }

    @Test
    void rootNeedsNoSudo() {
        assertThat(advice("ssh", Optional.of(PackageInstaller.APT), true)).isEqualTo("apt-get install openssh-client");
    }

    @Test
    void whereADistributionHasNoneTheProgramIsDescribed() {
        String described = "install mmdebstrap, which Debian has in its package mmdebstrap";

        assertThat(advice("mmdebstrap", Optional.of(PackageInstaller.PACMAN), false))
                .isEqualTo(described);
        assertThat(advice("mmdebstrap", Optional.empty(), false)).isEqualTo(described);
        assertThat(advice("no-such-program", Optional.of(PackageInstaller.APT), false))
                .isEmpty();
    }

    static Stream<String> programsHere() {
        ProgramRunner programs = new ProgramRunner(System.getenv());
        return ProgramPackages.programs().stream()
                .filter(each -> programs.lacks(List.of(new Requirement(each, "be looked at")))
                        .isEmpty());
    }

    /** Against the host's own records; what is not installed has none. */
    @ParameterizedTest
    @MethodSource("programsHere")
    void onDebianThePackageReallyOwnsTheProgram(String program) throws Exception {
        ProgramRunner programs = new ProgramRunner(System.getenv());
        Path file = programs.find(program).orElse(Path.of(program)); // a file that cannot be run is at its path
        // Debian's files lie in /usr by now, and its records in part where they lay before.
        String owners = Stream.of(
                        file.toRealPath(),
                        file,
                        Path.of("/").resolve(file.toString().replaceFirst("^/usr/", "")))
                .map(each -> programs.attempt(Program.of(Duration.ofSeconds(20), "dpkg", "-S", each.toString())))
                .map(Output::text)
                .reduce("", String::concat);

        assertThat(owners)
                .contains(ProgramPackages.of(program, PackageInstaller.APT).orElseThrow() + ":");
    }

    @Test
    void mostProgramsAreHereToBeLookedAt() {
        assertThat(programsHere().toList())
                .containsAll(Set.of(
                        "mmdebstrap",
                        "mke2fs",
                        "mksquashfs",
                        "qemu-img",
                        "ip",
                        "nft",
                        "ssh",
                        "depmod",
                        "/usr/include/gelf.h"));
    }

    private static String advice(String program, Optional<PackageInstaller> manager, boolean root) {
        return new Lack("", "", ProgramPackages.remedy(program, manager, root)).advice();
    }
}
