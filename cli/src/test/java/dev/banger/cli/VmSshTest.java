package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.SshAccess;
import dev.banger.api.VmState;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VmSshTest {
    private static final SshAccess PLAIN =
            new SshAccess("root", "/state/ssh/id_ed25519", "/state/vms/1/known_hosts", "banger-1", "1");

    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    private static String option(List<String> command, String name) {
        for (int i = 0; i + 1 < command.size(); i++) {
            if (command.get(i).equals("-o") && command.get(i + 1).startsWith(name + "=")) {
                return command.get(i + 1).substring(name.length() + 1);
            }
        }
        throw new AssertionError("no " + name + " in " + command);
    }

    @Test
    void theCallersProcessBecomesSsh() {
        assertThat(console.run(banger, "vm", "ssh", "dev")).isZero();
        assertThat(console.becomes()).startsWith("ssh").endsWith("-l", "root", "banger-" + Samples.ID);
    }

    /** Said before the VM is asked for anything, which might resume it. */
    @Test
    void withoutSshItIsSaidWhatHasIt() {
        console.with("PATH", "/nonexistent");

        assertThat(console.run(banger, "vm", "ssh", "dev")).isEqualTo(125);

        assertThat(console.err()).contains("there is no program ssh in PATH (/nonexistent)", "banger vm exec");
    }

    @Test
    void aHostKeyIsNeverTrustedOnFirstUse() { // P59
        List<String> command = VmSshCommand.command(PLAIN, "/opt/banger/bin/banger", List.of());

        assertThat(option(command, "StrictHostKeyChecking")).isEqualTo("yes");
        assertThat(option(command, "UserKnownHostsFile")).isEqualTo("\"/state/vms/1/known_hosts\"");
        assertThat(option(command, "GlobalKnownHostsFile")).isEqualTo("/dev/null");
        assertThat(option(command, "HostKeyAlias")).isEqualTo("banger-1");
        assertThat(option(command, "IdentitiesOnly")).isEqualTo("yes");
        assertThat(option(command, "ForwardAgent")).isEqualTo("no");
    }

    @Test
    void theConnectionGoesThroughTheAgent() {
        assertThat(option(VmSshCommand.command(PLAIN, "/opt/banger/bin/banger", List.of()), "ProxyCommand"))
                .isEqualTo("'/opt/banger/bin/banger' internal tcp --wait 90 1 22");
    }

    @ParameterizedTest
    @CsvSource({
        "/home/a b/banger, '''/home/a b/banger'' internal'",
        "/home/100%/banger, '''/home/100%%/banger'' internal'",
        "/home/o'neil/banger, '''/home/o''\\''''neil/banger'' internal'",
        "/home/$x/banger, '''/home/$x/banger'' internal'"
    })
    void aPathWithOddCharactersReachesTheShellUnharmed(String client, String begin) {
        assertThat(option(VmSshCommand.command(PLAIN, client, List.of()), "ProxyCommand"))
                .startsWith(begin);
    }

    @Test
    void aKnownHostsFileMayHaveSpacesAndPercentSigns() {
        SshAccess odd = new SshAccess("root", "/a b/id", "/a b/100%/known_hosts", "banger-1", "1");

        List<String> command = VmSshCommand.command(odd, "banger", List.of());

        assertThat(option(command, "UserKnownHostsFile")).isEqualTo("\"/a b/100%%/known_hosts\"");
    }

    @Test
    void anIdentityFileMayHavePercentSigns() {
        SshAccess odd = new SshAccess("root", "/100%/id", "/100%/known_hosts", "banger-1", "1");

        // ssh expands percent signs in IdentityFile (ssh_config(5), TOKENS), also when -i sets it, where "%%" names no
        // file.
        List<String> command = VmSshCommand.command(odd, "banger", List.of());

        assertThat(command).doesNotContain("/100%/id");
        assertThat(option(command, "IdentityFile")).isEqualTo("\"/100%%/id\"");
    }

    @ParameterizedTest
    @CsvSource({"vm ssh dev -- hostname -f, hostname -f", "vm ssh dev hostname -f, hostname -f"})
    void aCommandComesBehindTheHost(String line, String command) {
        console.run(banger, line.split(" "));

        List<String> words = console.becomes();
        assertThat(String.join(" ", words.subList(words.indexOf("banger-" + Samples.ID) + 1, words.size())))
                .isEqualTo(command);
    }

    @Test
    void sshsOwnOptionsComeBeforeTheHost() {
        console.run(banger, "vm", "ssh", "dev", "--", "-L8080:localhost:80", "-N");

        assertThat(console.becomes())
                .containsSubsequence("-l", "root", "-L8080:localhost:80", "-N", "banger-" + Samples.ID)
                .endsWith("banger-" + Samples.ID);
    }

    @Test
    void anOptionOfSshMayHaveItsValueAsAWordOfItsOwn() {
        console.run(banger, "vm", "ssh", "dev", "--", "-L", "8080:localhost:80", "-v", "uname", "-a");

        assertThat(console.becomes()).endsWith("-L", "8080:localhost:80", "-v", "banger-" + Samples.ID, "uname", "-a");
    }

    @Test
    void aVmThatDoesNotRunIsRefusedWithTheNextStep() {
        banger.with(Samples.vm("dev", VmState.STOPPED));

        assertThat(console.run(banger, "vm", "ssh", "dev")).isEqualTo(125);
        assertThat(console.err()).contains("banger vm start dev");
    }
}
