package dev.banger.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ConfigQuery;
import dev.banger.api.PublishedPort;
import dev.banger.api.VmDefaults;
import dev.banger.api.VmProject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProjectFileTest {
    @TempDir
    private Path directory;

    private VmDefaults defaults(Path where) {
        Places places = Places.of(Map.of("BANGER_HOME", "/nonexistent"));
        return Configuration.open(places, Map.of())
                .vmDefaults(new ConfigQuery(
                        where.toString(),
                        Map.of("HOME", directory.resolve("home").toString()),
                        null));
    }

    private Path write(String text) throws IOException {
        return Files.writeString(directory.resolve("banger.toml"), text);
    }

    @Test
    void aRepositorySaysWhatItsVmsAreLike() throws IOException {
        Path file = write("""
                image = "mine"
                cpus = 4
                memory = "2G"
                disk = "20G"
                publish = ["8080:80", 53]

                [env]
                CI = true
                GREETING = "hello"

                [setup]
                packages = "apt-get install -y make"
                build = '''
                cd /root
                make
                '''

                [start]
                server = "make run &"
                """);

        VmDefaults defaults = defaults(directory);

        assertThat(defaults.image()).isEqualTo("mine");
        assertThat(defaults.cpus()).isEqualTo(4);
        assertThat(defaults.memoryMiB()).isEqualTo(2048L);
        assertThat(defaults.diskBytes()).isEqualTo(20L << 30);
        assertThat(defaults.ports()).containsExactly(PublishedPort.ofVm(8080, 80), PublishedPort.ofVm(53, 53));
        VmProject project = Objects.requireNonNull(defaults.project());
        assertThat(project.file()).isEqualTo(file.toString());
        assertThat(project.environment()).isEqualTo(Map.of("CI", "true", "GREETING", "hello"));
        assertThat(project.setup())
                .containsExactly(
                        new VmProject.Script("packages", "apt-get install -y make"),
                        new VmProject.Script("build", "cd /root\nmake\n"));
        assertThat(project.start()).containsExactly(new VmProject.Script("server", "make run &"));
        assertThat(defaults.notices())
                .singleElement()
                .asString()
                .contains(
                        file.toString(),
                        "image mine",
                        "publish 8080:80 53:53",
                        "env CI GREETING",
                        "once in the VM packages build",
                        "at each start in the VM server",
                        "--no-project");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'publish = [\"0.0.0.0:8080:80\"]' | 1:12 | at the VM's own address alone, not at 0.0.0.0",
                "'publish = [\"127.0.0.1:8080:80\"]' | 1:12 | at the VM's own address alone",
                "'publish = [\"8080\", \"8080:80\"]' | 1:20 | port 8080 is published twice",
                "'publish = [70000]' | 1:12 | from 1 to 65535, not 70000",
                "'publish = \"8080:80\"' | 1:1 | publish is a list",
                "'publish = [[80]]' | 1:12 | not a list",
                "'kernel = \"own\"' | 1:1 | kernel is not for a project file",
                "'network = \"bridge\"' | 1:1 | network is not for a project file: it is your host's",
                "'user = \"root\"' | 1:1 | user is not for a project file",
                "'firecracker = \"./firecracker\"' | 1:1 | firecracker is not for a project file",
                "'mapdns_bin = \"./tool\"' | 1:1 | mapdns_bin is not for a project file",
                "'[daemon]\nqemu = \"./qemu\"' | 1:1 | daemon is not for a project file",
                "'[vm]\ncpus = 1' | 1:1 | vm is not for a project file",
                "'cpu = 1' | 1:1 | there is no key \"cpu\"; did you mean cpus?",
                "'disk_size = \"1G\"' | 1:1 | did you mean disk?",
                "'memory = \"lots\"' | 1:1 | memory is a size",
                "'image = \"/root/rootfs\"' | 1:1 | image is a name",
                "'[env]\n\"A=B\" = \"x\"' | 2:1 | \"A=B\" is no name of an environment variable",
                "'[env]\nA = [\"x\"]' | 2:1 | env.A is a text, number or boolean, not a list",
                "'env = \"A=B\"' | 1:1 | [env] is a table of variables",
                "'[setup]\nrun = \" \"' | 2:1 | setup.run is what sh runs, as a text",
                "'[setup]\nrun = [\"ls\"]' | 2:1 | setup.run is what sh runs, as a text, not a list",
                "'start = \"ls\"' | 1:1 | [start] is a table of scripts",
                "'[start]\n\"a/b\" = \"ls\"' | 2:1 | \"a/b\" cannot be the name of a script",
            })
    void whatReachesBeyondTheVmOrMakesNoSenseIsRefused(String text, String place, String message) throws IOException {
        Path file = write(text);

        assertThatThrownBy(() -> defaults(directory))
                .hasMessageContaining(file + ":" + place + ": ")
                .hasMessageContaining(message);
    }

    /** A repository's file is written by others. */
    @Test
    void whatItSaysReachesNoTerminalAsItIs() throws IOException {
        write("\"a\\u001b[31m\" = 1\nimage = \"b\\u009b[31m\"");

        assertThatThrownBy(() -> defaults(directory))
                .hasMessageContaining("a?[31m")
                .hasMessageContaining("b?[31m")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\u001b", "\u009b"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a = [", "a = {b=", "a.", "[a]\n", "[[a]]\nb = 1\n", "\"", "\u0027\u0027\u0027", "a = 1\n"})
    @Timeout(60)
    void aLotOfItTakesNeitherForEverNorTheDaemonWithIt(String part) throws IOException {
        write(part.repeat(200_000 / part.length()));

        assertThatThrownBy(() -> defaults(directory))
                .isInstanceOf(BangerException.class)
                .satisfies(
                        e -> assertThat(String.valueOf(e.getMessage()).lines()).hasSizeLessThan(60));
    }

    @Test
    void itIsFoundAboveUpToTheRepositorysRoot() throws IOException {
        Path file = write("cpus = 1");
        Path below = Files.createDirectories(directory.resolve("a/b"));

        assertThat(defaults(below).project()).as("above is no repository").isNull();
        Files.createDirectory(directory.resolve(".git"));
        assertThat(Objects.requireNonNull(defaults(below).project()).file()).isEqualTo(file.toString());
        Files.createDirectory(directory.resolve("a/.git"));
        assertThat(defaults(below).project()).as("above is another repository").isNull();
    }

    @Test
    void itIsFoundAboveUpToTheHome() throws IOException {
        write("cpus = 1");
        Path below = Files.createDirectories(directory.resolve("home/a"));

        assertThat(defaults(below).project()).as("above the home").isNull();
        Path file = Files.writeString(directory.resolve("home/banger.toml"), "cpus = 2");
        assertThat(Objects.requireNonNull(defaults(below).project()).file()).isEqualTo(file.toString());
    }

    @Test
    void whatIsNoFileIsNotUsedAndThatIsSaid() throws IOException {
        Path other = Files.writeString(directory.resolve("other"), "cpus = 1");
        Files.createSymbolicLink(directory.resolve("banger.toml"), other);

        VmDefaults defaults = defaults(directory);

        assertThat(defaults.project()).isNull();
        assertThat(defaults.cpus()).isNull();
        assertThat(defaults.notices()).singleElement().asString().contains("is not used: it is no regular file");
    }

    @Test
    void anotherUsersFileIsNotUsedAndThatIsSaid() throws IOException {
        Path file = write("cpus = 1");
        org.junit.jupiter.api.Assumptions.assumeTrue(
                Objects.equals(Files.getAttribute(file, "unix:uid"), 0), "only root can give a file away");
        Files.setAttribute(file, "unix:uid", 12345);

        VmDefaults defaults = defaults(directory);

        assertThat(defaults.project()).isNull();
        assertThat(defaults.notices()).singleElement().asString().contains("belongs to uid 12345, not to you");
    }

    @Test
    void aProjectWithoutSetupIsWhatIsLeftToDo() {
        VmProject project = new VmProject(
                "/p/banger.toml",
                Map.of("A", "b"),
                List.of(new VmProject.Script("once", "true")),
                List.of(new VmProject.Script("always", "true")));

        assertThat(project.withoutSetup())
                .isEqualTo(new VmProject("/p/banger.toml", Map.of("A", "b"), List.of(), project.start()));
    }
}
