package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.ConfigReport;
import dev.banger.api.PublishedPort;
import dev.banger.api.VmCreate;
import dev.banger.api.VmDefaults;
import dev.banger.api.VmNetwork;
import dev.banger.api.VmProject;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ConfigTest {
    private static final VmProject PROJECT = new VmProject("/p/banger.toml", Map.of(), List.of(), List.of());

    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    private static VmDefaults usual(String network) {
        return new VmDefaults(
                "mine",
                "own",
                3,
                2048L,
                64L << 20,
                "tcg",
                "qemu",
                network,
                600L,
                "/opt/bundle",
                null,
                List.of(PublishedPort.ofVm(80, 80)),
                PROJECT,
                List.of("using /p/banger.toml: \u001b[31mred"));
    }

    private static ConfigReport.Value value(String key, String value, String source, String origin) {
        return new ConfigReport.Value(key, value, source, origin, null, "What it is.");
    }

    @Test
    void whatNoOptionSaysIsAsConfiguredAndAProjectFileIsNamed() {
        console.run(banger.with(usual("lab")), "vm", "run", "--name", "dev", "--", "true");

        VmCreate made = banger.created();
        assertThat(made)
                .isEqualTo(new VmCreate(
                        "dev",
                        "mine",
                        "own",
                        3,
                        2048L,
                        64L << 20,
                        "tcg",
                        List.of(PublishedPort.ofVm(80, 80)),
                        true,
                        false,
                        600L,
                        false,
                        made.waitFor(),
                        new VmNetwork("lab", false, List.of(), 0),
                        false,
                        "qemu",
                        PROJECT,
                        "/opt/bundle"));
        assertThat(console.err()).startsWith("banger: using /p/banger.toml: ").doesNotContain("\u001b");
    }

    @Test
    void quietDoesNotKeepAProjectFileSecret() {
        console.run(banger.with(usual("lab")), "vm", "run", "-q", "--rm", "--", "true");

        assertThat(console.err()).contains("using /p/banger.toml");
    }

    @Test
    void optionsWin() {
        console.run(
                banger.with(usual("lab")),
                ("vm create --image other --kernel debian --cpus 1 --memory 256M --disk-size 1G --publish 53"
                                + " --acceleration kvm --vmm firecracker --idle-pause 0 --network user --runtime-dir there")
                        .split(" "));

        VmCreate made = banger.created();
        assertThat(made)
                .isEqualTo(new VmCreate(
                        null,
                        "other",
                        "debian",
                        1,
                        256L,
                        1L << 30,
                        "kvm",
                        List.of(PublishedPort.ofVm(53, 53)),
                        true,
                        false,
                        0L,
                        false,
                        made.waitFor(),
                        new VmNetwork("user", false, List.of(), 0),
                        false,
                        "firecracker",
                        PROJECT,
                        console.directory().resolve("there").toString()));
    }

    @Test
    void whatOnlyABridgeHasDoesNotGetTheUserNetworkThatIsUsual() {
        console.run(banger.with(usual("user")), "vm", "run", "--nat", "--", "true");
        assertThat(Objects.requireNonNull(banger.created().network()).name()).isNull();

        console.run(banger.with(usual("lab")), "vm", "run", "--nat", "--", "true");
        assertThat(banger.created().network()).isEqualTo(new VmNetwork("lab", true, List.of(), 0));
    }

    @Test
    void aProjectFileIsLookedForWhereTheCallerIsUnlessItIsNot() {
        console.run(banger, "vm", "run", "--", "true");
        assertThat(banger.asked().directory()).isEqualTo(console.directory().toString());

        console.run(banger, "vm", "run", "--no-project", "--", "true");
        assertThat(banger.asked().directory()).isNull();
    }

    @Test
    void whatIsSetIsShownWithItsPlaceTheRestOnRequest() {
        banger.with(new ConfigReport(
                "/c/config.toml",
                true,
                "/p/banger.toml",
                List.of(
                        value("vm.cpus", "4", "file", "/c/config.toml:2"),
                        value("vm.image", "debian", "default", ""),
                        new ConfigReport.Value("daemon.pool_size", "1", "file", "/c/config.toml:4", "2", "How many.")),
                List.of()));

        assertThat(console.run(banger, "config", "show")).isZero();
        assertThat(console.out()).isEqualTo("""
                file: /c/config.toml
                project: /p/banger.toml
                KEY               VALUE  FROM
                vm.cpus           4      file /c/config.toml:2
                daemon.pool_size  1      file /c/config.toml:4
                """);
        assertThat(console.err()).contains("daemon.pool_size becomes 2").contains("banger daemon restart");
        assertThat(console.run(banger, "config", "show", "--effective")).isZero();
        assertThat(console.out()).contains("vm.image          debian  default");
    }

    @Test
    void everythingWrongIsAnErrorAndExitStatus2() {
        banger.with(new ConfigReport("/c/config.toml", true, null, List.of(), List.of("/c/config.toml:1:1: a", "b")));

        for (String command : new String[] {"show", "check"}) {
            assertThat(console.run(banger, "config", command)).isEqualTo(2);
            assertThat(console.err()).contains("banger: /c/config.toml:1:1: a\nbanger: b\n");
        }
    }

    @Test
    void aFileToCheckIsRelativeToTheCaller() {
        assertThat(console.run(banger, "config", "check", "other.toml")).isZero();

        assertThat(banger.asked().file())
                .isEqualTo(console.directory().resolve("other.toml").toString());
        assertThat(console.out()).contains("not there");
    }

    @Test
    void theUsualUserIsTheEnvironments() {
        ScriptedConsole with = console.with("BANGER_USER", "dev");

        with.run(banger, "vm", "exec", "dev", "--", "id");
        assertThat(banger.executed().user()).isEqualTo("dev");
        with.run(banger, "vm", "exec", "-u", "root", "dev", "--", "id");
        assertThat(banger.executed().user()).isEqualTo("root");
    }
}
