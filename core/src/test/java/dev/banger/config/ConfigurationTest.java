package dev.banger.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ConfigQuery;
import dev.banger.api.ConfigReport;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.VmCreate;
import dev.banger.api.VmDefaults;
import dev.banger.api.VmNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigurationTest {
    @TempDir
    private Path directory;

    private Places places = Places.of(Map.of());
    private Path file = Path.of("/");

    @BeforeEach
    void makeHome() throws IOException {
        places = Places.of(Map.of("BANGER_HOME", directory.resolve("home").toString()));
        file = places.configFile();
        Files.createDirectories(file.getParent());
    }

    private Configuration open(String text, Map<String, String> environment) throws IOException {
        Files.writeString(file, text);
        return Configuration.open(places, environment);
    }

    private static ConfigQuery by(Map<String, String> environment) {
        return new ConfigQuery(null, environment, null);
    }

    private static VmCreate nothing() {
        return new VmCreate(
                null, null, null, null, null, null, null, List.of(), true, false, null, false, null, null, false, null,
                null, null);
    }

    @Test
    void withoutAFileAllIsAsByDefault() {
        Configuration configuration = Configuration.open(places, Map.of());

        assertThat(configuration.complete(nothing())).isEqualTo(nothing());
        assertThat(configuration.report(by(Map.of())).values())
                .hasSize(Key.values().length)
                .allSatisfy(value -> {
                    assertThat(value.source()).isEqualTo("default");
                    assertThat(value.pending()).isNull();
                });
    }

    /** The number before the bar is the line, the number after it the column. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'[vm]\ncpus = 0' | 2:1 | vm.cpus is a number from 1 to 1024, not 0",
                "'[vm]\ncpus = \"2\"' | 2:1 | vm.cpus is a number from 1 to 1024, not \"2\"",
                "'[vm]\ncpus = 1.5' | 2:1 | not 1.5",
                "'[vm]\ncpus = []' | 2:1 | not a list",
                "'[vm]\ncpus = {}' | 2:1 | not a table",
                "'[vm]\n  memory = \"much\"' | 2:3 | vm.memory is a size such as 512M or 2G",
                "'[vm]\nmemory = 0' | 2:1 | vm.memory is a size",
                "'[vm]\ndisk = true' | 2:1 | vm.disk is a size such as 512M or 2G (a number alone is MiB), not true",
                "'[vm]\nidle_pause = \"soon\"' | 2:1 | vm.idle_pause is a duration such as 30s, 10m or 2h, not \"soon\"",
                "'[vm]\nvmm = \"vbox\"' | 2:1 | vm.vmm is auto, qemu or firecracker, not \"vbox\"",
                "'[vm]\nimage = \"../etc\"' | 2:1 | vm.image is a name of lower-case letters",
                "'[vm]\nuser = \"a b\"' | 2:1 | vm.user is the name or uid of a guest",
                "'[vm]\nmemry = \"1G\"' | 2:1 | there is no key in [vm] \"memry\"; did you mean memory?",
                "'[vm]\ndisk-size = \"1G\"' | 2:1 | did you mean disk?",
                "'[vm]\nzebra = 1' | 2:1 | there are image, kernel, cpus",
                "'[wm]\ncpus = 1' | 1:1 | there is no table \"wm\"; did you mean vm?",
                "'cpus = 1' | 1:1 | cpus belongs into the table [vm]",
                "'vm = 1' | 1:1 | vm is a table, [vm], not 1",
                "'[daemon]\npool_size = 100' | 2:1 | daemon.pool_size is a number from 0 to 99, not 100",
                "'[daemon]\nfirecracker = \"bin/firecracker\"' | 2:1 | daemon.firecracker is a path from the root on",
                "'[dns]\nport = 65536' | 2:1 | dns.port is a port from 1 to 65535, or 0 for no DNS server, not 65536",
                "'[network]\nbridge = \"br0\"' | 2:1 | network.bridge is [NAME=]ADDRESS/PREFIX",
                "'[vm]\ncpus = ' | 2:8 | Unexpected end",
                "'[vm]\ncpus = 1\ncpus = 2' | 3:1 | cpus",
                "'[vm\ncpus = 1' | 1:4 | Unexpected",
            })
    void whatIsWrongIsToldWithItsPlace(String text, String place, String message) throws IOException {
        assertThatThrownBy(() -> open(text, Map.of()))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
                .hasMessageContaining(file + ":" + place + ": ")
                .hasMessageContaining(message);
    }

    @Test
    void allThatIsWrongIsToldAtOnce() {
        String text = """
                [vm]
                cpus = 0
                memry = "1G"
                [daemon]
                templates = "never"
                """;

        assertThatThrownBy(() -> open(text, Map.of("BANGER_DNS_PORT", "x", "BANGER_FIREWALL", "none")))
                .hasMessageContainingAll(
                        ":2:1: ", ":3:1: ", ":5:1: ", "BANGER_DNS_PORT is a port", "BANGER_FIREWALL is auto");
    }

    @Test
    void aFileThatIsNoneIsRefused() throws IOException {
        Files.createDirectories(file);
        assertThatThrownBy(() -> Configuration.open(places, Map.of())).hasMessageContaining("is no regular file");
        Files.delete(file);
        Files.write(file, new byte[] {'a', '=', (byte) 0xff});
        assertThatThrownBy(() -> Configuration.open(places, Map.of())).hasMessageContaining("is not UTF-8");
        Files.writeString(file, "#".repeat(300_000));
        assertThatThrownBy(() -> Configuration.open(places, Map.of())).hasMessageContaining("larger than 256 KiB");
    }

    @Test
    void aNewVmIsWhatTheFileSaysWhereItsRequestSaysNothing() throws IOException {
        Configuration configuration = open("""
                [vm]
                image = "mine"
                kernel = "own"
                cpus = 3
                memory = "2G"
                disk = 64
                acceleration = "tcg"
                vmm = "qemu"
                network = "lab"
                idle_pause = "10m"
                """, Map.of());

        assertThat(configuration.complete(nothing()))
                .isEqualTo(new VmCreate(
                        null,
                        "mine",
                        "own",
                        3,
                        2048L,
                        64L << 20,
                        "tcg",
                        List.of(),
                        true,
                        false,
                        600L,
                        false,
                        null,
                        new VmNetwork("lab", false, List.of(), 0),
                        false,
                        "qemu",
                        null,
                        null));
        VmCreate asked = new VmCreate(
                "dev",
                "other",
                "debian",
                1,
                256L,
                128L << 20,
                "kvm",
                List.of(),
                true,
                false,
                0L,
                false,
                null,
                new VmNetwork("user", false, List.of(), 0),
                false,
                "firecracker",
                null,
                null);
        assertThat(configuration.complete(asked)).isEqualTo(asked);
    }

    @Test
    void theUsersOfVmsAndTheirVariablesGoBelowWhatIsAskedFor() throws IOException {
        Configuration configuration = open("[vm]\nuser = \"dev\"", Map.of());
        ExecRequest plain = new ExecRequest(List.of("true"), Map.of("A", "asked"), "/", null, null);

        assertThat(configuration.complete(plain, Map.of("A", "project", "B", "project")))
                .isEqualTo(new ExecRequest(List.of("true"), Map.of("A", "asked", "B", "project"), "/", "dev", null));
        ExecRequest asRoot = new ExecRequest(List.of("true"), Map.of(), null, "root", null);
        assertThat(configuration.complete(asRoot, Map.of())).isEqualTo(asRoot);
    }

    @Test
    void newVmsFollowTheFileAtOnceTheDaemonFromItsNextStart() throws IOException {
        Configuration configuration = open("[vm]\ncpus = 2\n[daemon]\npool_size = 1", Map.of());
        Files.writeString(file, "[vm]\ncpus = 33\n[daemon]\npool_size = 22");

        assertThat(configuration.complete(nothing()).cpus()).isEqualTo(33);
        assertThat(configuration.settings().number(Key.POOL_SIZE)).contains(1);
        ConfigReport report = configuration.report(by(Map.of()));
        assertThat(value(report, "daemon.pool_size").value()).isEqualTo("1");
        assertThat(value(report, "daemon.pool_size").pending()).isEqualTo("22");
        assertThat(value(report, "vm.cpus").value()).isEqualTo("33");
        assertThat(value(report, "vm.cpus").pending()).isNull();
    }

    @Test
    void aFileThatWasBrokenMeanwhileStopsNewVmsAlone() throws IOException {
        Configuration configuration = open("[vm]\ncpus = 2", Map.of());
        Files.writeString(file, "[vm]\ncpus = none");

        assertThatThrownBy(() -> configuration.complete(nothing())).hasMessageContaining(file + ":2:8: ");
        assertThatThrownBy(() -> configuration.complete(nothing())).hasMessageContaining(file + ":2:8: ");
        assertThat(configuration.report(by(Map.of())).problems()).hasSize(1);
        Files.delete(file);
        assertThat(configuration.complete(nothing()).cpus()).isNull();
    }

    @Test
    void laterSourcesOverrideEarlierOnes() throws IOException {
        Configuration configuration =
                open("[vm]\ncpus = 2\nmemory = \"1G\"\ndisk = \"1G\"", Map.of("BANGER_CPUS", "9"));
        Path project = directory.resolve("banger.toml");
        Files.writeString(project, "memory = \"2G\"\ndisk = \"2G\"");
        ConfigQuery query = new ConfigQuery(directory.toString(), Map.of("BANGER_DISK", "3G"), null);

        VmDefaults defaults = configuration.vmDefaults(query);
        assertThat(defaults.cpus()).isEqualTo(2); // the daemon's environment is not that of the one who asks
        assertThat(defaults.memoryMiB()).isEqualTo(2048L);
        assertThat(defaults.diskBytes()).isEqualTo(3L << 30);
        ConfigReport report = configuration.report(query);
        assertThat(report.project()).isEqualTo(project.toString());
        assertThat(from(report, "vm.image")).isEqualTo("default ");
        assertThat(from(report, "vm.cpus")).isEqualTo("file " + file + ":2");
        assertThat(from(report, "vm.memory")).isEqualTo("project " + project + ":1");
        assertThat(from(report, "vm.disk")).isEqualTo("environment BANGER_DISK");
    }

    @Test
    void theDaemonsEnvironmentOverridesTheFile() throws IOException {
        Configuration configuration =
                open("[dns]\nport = 1\n[daemon]\npatience = 3", Map.of("BANGER_DNS_PORT", "2", "BANGER_PATIENCE", ""));

        assertThat(configuration.settings().number(Key.DNS_PORT)).contains(2);
        assertThat(configuration.settings().number(Key.PATIENCE)).contains(3);
        assertThat(from(configuration.report(by(Map.of("BANGER_DNS_PORT", "3"))), "dns.port"))
                .isEqualTo("environment BANGER_DNS_PORT");
    }

    @Test
    void aMappingToolNeedsAFileWhereverThatIsSet() throws IOException {
        String tool = "[dns]\nmapdns_bin = \"/usr/bin/true\"";

        assertThatThrownBy(() -> open(tool, Map.of()))
                .hasMessageContaining(file + ":2")
                .hasMessageContaining("dns.mapdns_data_file");
        assertThat(open(tool, Map.of("BANGER_MAPDNS_DATA_FILE", "/f"))
                        .settings()
                        .path(Key.MAPDNS_DATA_FILE))
                .contains(Path.of("/f"));
    }

    @Test
    void catalogsAreAListOrAText() throws IOException {
        String one = "/srv/a#ed25519:" + "A".repeat(43);
        String two = "https://b.example/c#ed25519:" + "B".repeat(43);

        assertThat(open("[images]\ncatalogs = [\"" + one + "\", \"" + two + "\"]", Map.of())
                        .settings()
                        .words(Key.CATALOGS))
                .containsExactly(one, two);
        assertThat(open("[images]\ncatalogs = \"" + one + "\"", Map.of())
                        .settings()
                        .words(Key.CATALOGS))
                .containsExactly(one);
        assertThat(open("[images]\ncatalogs = \"" + one + "\"", Map.of("BANGER_CATALOGS", two + " " + one))
                        .settings()
                        .words(Key.CATALOGS))
                .containsExactly(two, one);
        assertThat(open("", Map.of()).settings().words(Key.CATALOGS)).isEmpty();
        for (String wrong :
                List.of("\"/srv/a\"", "[\"" + one + "\", 3]", "[\"" + one + " " + two + "\"]", "[[]]", "7")) {
            assertThatThrownBy(() -> open("[images]\ncatalogs = " + wrong, Map.of()))
                    .hasMessageContaining(file + ":2:1: images.catalogs is a list of catalogs");
        }
    }

    @Test
    void whoAsksWithAWrongVariableIsTold() {
        Configuration configuration = Configuration.open(places, Map.of());

        assertThatThrownBy(() -> configuration.vmDefaults(by(Map.of("BANGER_CPUS", "many"))))
                .hasMessage("BANGER_CPUS is a number from 1 to 1024, not \"many\"");
    }

    @Test
    void anotherFileCanBeLookedAt() throws IOException {
        Configuration configuration = open("[vm]\ncpus = 2", Map.of());
        Path other = Files.writeString(directory.resolve("other.toml"), "[vm]\ncpus = 0\n[dms]");

        assertThat(configuration
                        .report(new ConfigQuery(null, Map.of(), other.toString()))
                        .problems())
                .hasSize(2)
                .allSatisfy(problem -> assertThat(problem).startsWith(other + ":"));
        assertThat(configuration
                        .report(new ConfigQuery(null, Map.of(), "/no/such"))
                        .problems())
                .containsExactly("there is no file /no/such");
    }

    private static ConfigReport.Value value(ConfigReport report, String key) {
        return report.values().stream()
                .filter(each -> each.key().equals(key))
                .findFirst()
                .orElseThrow();
    }

    private static String from(ConfigReport report, String key) {
        ConfigReport.Value value = value(report, key);
        return value.source() + " " + value.origin();
    }
}
