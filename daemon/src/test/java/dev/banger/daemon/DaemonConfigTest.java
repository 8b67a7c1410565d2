package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.config.Places;
import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a daemon makes of its configuration file, and what it tells of it at its doors. */
@Timeout(60)
class DaemonConfigTest {
    @TempDir
    private Path directory;

    private Path file = Path.of("/");

    @BeforeEach
    void makeConfig() throws IOException {
        file = Places.of(Map.of("BANGER_HOME", directory.resolve("home").toString()))
                .configFile();
        Files.createDirectories(file.getParent());
    }

    /** Its settings are the file's alone. */
    private RunningDaemon daemon(String text) throws IOException {
        Files.writeString(file, text);
        return RunningDaemon.in(directory, Map.of("BANGER_DNS_PORT", "0"));
    }

    @Test
    void aDaemonWithAWrongFileDoesNotStart() {
        assertThatThrownBy(() -> daemon("[daemon]\npool_size = \"many\"\ntemplate = \"off\"")
                        .close())
                .isInstanceOf(BangerException.class)
                .hasMessageContainingAll(
                        file + ":2:1: daemon.pool_size is a number from 0 to 99, not \"many\"",
                        file + ":3:1: there is no key in [daemon] \"template\"; did you mean templates?");
    }

    @Test
    void aCommandShowsEachValueWithItsSource() throws IOException {
        Path project = Files.createDirectories(directory.resolve("project"));
        Files.writeString(project.resolve("banger.toml"), "memory = \"2G\"");
        try (RunningDaemon daemon = daemon("[vm]\ncpus = 4\n[daemon]\npool_size = 0")) {
            RunningDaemon.Ended shown =
                    daemon.runIn(project, List.of("BANGER_DISK=3G"), "config", "show", "--effective");

            assertThat(shown.last().number()).isEqualTo(0);
            assertThat(shown.out().lines().map(line -> line.replaceAll(" +", " ")))
                    .contains(
                            "project: " + project.resolve("banger.toml"),
                            "vm.image debian default",
                            "vm.cpus 4 file " + file + ":2",
                            "vm.memory 2G project " + project.resolve("banger.toml") + ":1",
                            "vm.disk 3G environment BANGER_DISK",
                            "daemon.pool_size 0 file " + file + ":4",
                            "dns.port 0 environment BANGER_DNS_PORT");
        }
    }

    @Test
    void aChangedFileHoldsForNewVmsAtOnceAndIsToldWhereItNeedsARestart() throws IOException {
        try (RunningDaemon daemon = daemon("")) {
            Files.writeString(file, "[vm]\ncpus = 1000\n[daemon]\npool_size = 42");

            RunningDaemon.Ended shown = daemon.run("config", "show");
            assertThat(shown.err()).contains("daemon.pool_size becomes 42 when the daemon is started again");
            assertThat(shown.out()).contains("vm.cpus").doesNotContain("daemon.pool_size");
            assertThat(daemon.http("POST", "/v1/vms", "{\"start\":false}")).contains("a VM here can have 1 to");
        }
    }

    @Test
    void aBrokenFileEndsACommandAsAWrongCommandLineDoes() throws IOException {
        try (RunningDaemon daemon = daemon("")) {
            Files.writeString(file, "[vm]\nmemry = 1");

            for (List<String> command : List.of(
                    List.of("vm", "create", "--no-start"), List.of("config", "check"), List.of("config", "show"))) {
                RunningDaemon.Ended ended = daemon.run(command.toArray(new String[0]));
                assertThat(ended.last().number()).as(command.toString()).isEqualTo(2);
                assertThat(ended.err()).contains(file + ":2:1: ").contains("did you mean memory?");
            }
            assertThat(daemon.run("vm", "ls").last().number()).isEqualTo(0);
            Files.delete(file);
            assertThat(daemon.run("config", "check").out()).contains("not there");
        }
    }

    @Test
    void theRestApiTellsTheSame() throws IOException {
        Files.writeString(directory.resolve("banger.toml"), "cpus = 3\n[setup]\nmake = \"make\"");
        try (RunningDaemon daemon = daemon("[vm]\nmemory = \"1G\"")) {
            Map<?, ?> vm = object(daemon.http("GET", "/v1/config/vm?directory=" + directory, ""));
            assertThat(vm.get("cpus")).isEqualTo(3L);
            assertThat(vm.get("memoryMiB")).isEqualTo(1024L);
            assertThat(String.valueOf(vm.get("project"))).contains("make");

            Map<?, ?> config = object(daemon.http("GET", "/v1/config", ""));
            assertThat(config.get("file")).isEqualTo(file.toString());
            assertThat(config.get("project")).isNull();
            assertThat(object(daemon.http("GET", "/v1/config?file=" + directory + "/none.toml", ""))
                            .get("problems"))
                    .isEqualTo(List.of("there is no file " + directory + "/none.toml"));
        }
    }

    @Test
    void aBundleIsToldAndABrokenOneStopsItsVmsAlone() throws IOException {
        Path bundle = Files.createDirectories(directory.resolve("bundle"));
        Files.writeString(bundle.resolve("bundle.json"), "{\n \"kernel\": \"none\"\n}");
        String place = bundle.resolve("bundle.json") + ":2:2: kernel: there is no " + bundle.resolve("none");
        try (RunningDaemon daemon = daemon("[vm]\nruntime_dir = \"" + bundle + "\"")) {
            for (List<String> command : List.of(
                    List.of("bundle", "check"),
                    List.of("bundle", "show", bundle.toString()),
                    List.of("vm", "create", "--no-start"))) {
                RunningDaemon.Ended ended = daemon.run(command.toArray(new String[0]));
                assertThat(ended.last().number()).as(command.toString()).isEqualTo(2);
                assertThat(ended.err()).contains(place);
            }
            assertThat(daemon.api().doctor().checks())
                    .filteredOn(check -> check.subject().equals("runtime bundle"))
                    .singleElement()
                    .satisfies(check -> assertThat(check.finding()).contains(place, file + ":2"));

            Files.writeString(bundle.resolve("none"), "a kernel");
            Map<?, ?> report = object(daemon.http("GET", "/v1/bundle", ""));
            assertThat(report.get("problems")).isEqualTo(List.of());
            assertThat(String.valueOf(report.get("kernel"))).startsWith("bundle-");
        }
    }

    @Test
    void nonsenseByRestIsTheCallersFault() throws IOException {
        try (RunningDaemon daemon = daemon("")) {
            assertThat(daemon.http("GET", "/v1/config?directory=%00", "")).startsWith("HTTP/1.1 400");
            assertThat(daemon.http("GET", "/v1/bundle?file=%00", "")).startsWith("HTTP/1.1 400");
            assertThat(daemon.http("GET", "/v1/bundle", "")).startsWith("HTTP/1.1 404");
            assertThat(daemon.http("POST", "/v1/vms", "{\"runtimeDir\": \"a\\u0000b\"}"))
                    .startsWith("HTTP/1.1 400");
            for (String project : List.of(
                    "{\"file\": \"f\", \"setup\": [{\"name\": \"a b\", \"run\": \"true\"}]}",
                    "{\"file\": \"f\", \"setup\": [{\"name\": \"a\", \"run\": \" \"}]}",
                    "{\"file\": \"f\", \"setup\": [{\"name\": \"a\"}]}",
                    "{\"file\": \"f\", \"environment\": {\"A\": null}}")) {
                assertThat(daemon.http("POST", "/v1/vms", "{\"start\": false, \"project\": " + project + "}"))
                        .as(project)
                        .startsWith("HTTP/1.1 400");
            }
        }
    }

    private static Map<?, ?> object(String answer) {
        assertThat(answer).startsWith("HTTP/1.1 200");
        return (Map<?, ?>)
                Jsonb.builder().build().type(Object.class).fromJson(answer.substring(answer.indexOf("\r\n\r\n") + 4));
    }
}
