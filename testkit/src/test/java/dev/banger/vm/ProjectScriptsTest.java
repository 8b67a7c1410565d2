package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.StopMode;
import dev.banger.api.VmCreate;
import dev.banger.api.VmProject;
import dev.banger.api.VmProject.Script;
import dev.banger.api.VmState;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.operation.Progress;
import dev.banger.testkit.FakeCatalogs;
import dev.banger.testkit.FakeHost;
import dev.banger.testkit.MemoryHandleFiles;
import dev.banger.testkit.MemorySnapshotStore;
import dev.banger.testkit.MemoryVmStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When the scripts of a project run, and what becomes of a VM when one fails. */
class ProjectScriptsTest {
    private static final VmProject PROJECT = new VmProject(
            "/p/banger.toml",
            Map.of("CI", "1"),
            List.of(new Script("packages", "apt-get install make"), new Script("build", "make")),
            List.of(new Script("server", "make run")));

    private final FakeHost host = new FakeHost();
    private final MemoryVmStore store = new MemoryVmStore();
    private final List<ExecRequest> executed = new ArrayList<>();
    private final VmService service;

    /** The script that fails, if there is one. */
    private String failing = "";

    ProjectScriptsTest(@TempDir Path directory) throws IOException {
        Files.createDirectory(directory.resolve("vms"));
        FakeCatalogs catalogs = new FakeCatalogs();
        HostSeams seams = host.seams();
        ImageService images = catalogs.images();
        KernelService kernels = catalogs.kernels();
        MemorySnapshotStore snapshots = new MemorySnapshotStore(directory.resolve("snapshots"));
        Templates templates = new Templates(
                new MemorySnapshotStore(directory.resolve("templates")),
                seams,
                images,
                kernels,
                Templates.Policy.MANUAL);
        Pool pool = new Pool(templates, seams, directory.resolve("pool"), 0, () -> 4096);
        service = new VmService(
                store,
                new MemoryHandleFiles(),
                seams,
                images,
                kernels,
                templates,
                snapshots,
                pool,
                directory.resolve("vms"));
        service.start();
        host.guestsAnswer(request -> {
            executed.add(request);
            String name = request.command().getLast();
            return name.equals(failing) ? new FakeHost.Ran("no\nsuch package", 7) : new FakeHost.Ran("ok\n", 0);
        });
    }

    private static VmCreate request(boolean start) {
        return new VmCreate(
                "dev", null, null, null, null, null, null, List.of(), start, false, null, false, null, null, false,
                null, PROJECT, null);
    }

    private List<String> ran() {
        List<String> names =
                executed.stream().map(request -> request.command().getLast()).toList();
        executed.clear();
        return names;
    }

    @Test
    void setupRunsOnceStartScriptsAtEachStart() {
        service.create(request(true), Progress.none());
        assertThat(ran()).containsExactly("packages", "build", "server");

        service.stop("dev", StopMode.KILL, Progress.none());
        service.start("dev", Progress.none());
        assertThat(ran()).containsExactly("server");
        service.start("dev", Progress.none());
        assertThat(ran()).as("it ran already").isEmpty();
        service.restart("dev", Progress.none());
        assertThat(ran()).containsExactly("server");
        service.pause("dev");
        service.start("dev", Progress.none());
        assertThat(ran()).as("it was paused").isEmpty();
    }

    @Test
    void aVmThatIsMadeStoppedIsSetUpByItsFirstStart() {
        service.create(request(false), Progress.none());
        assertThat(ran()).isEmpty();

        service.start("dev", Progress.none());
        assertThat(ran()).containsExactly("packages", "build", "server");
    }

    @Test
    void scriptsRunAsRootWithTheProjectsVariablesAndTheirOutputsAsOne() {
        service.create(request(true), Progress.none());

        assertThat(executed.getFirst())
                .isEqualTo(new ExecRequest(
                        List.of(
                                "sh",
                                "-c",
                                "exec sh -e -c \"$1\" \"$2\" 2>&1",
                                "sh",
                                "apt-get install make",
                                "packages"),
                        Map.of("CI", "1"),
                        null,
                        null,
                        null));
    }

    @Test
    void whatTheySayIsProgress() {
        List<String> output = new ArrayList<>();
        host.guestsAnswer(request -> new FakeHost.Ran("one\n" + "x".repeat(10_000) + "\n\nlast", 0));

        service.create(request(true), new Progress() {
            @Override
            public void stage(String stage) {}

            @Override
            public void update(long done, long total) {}

            @Override
            public void warn(String message) {}

            @Override
            public void output(String line) {
                output.add(line);
            }
        });

        assertThat(output)
                .hasSize(18)
                .startsWith("one", "x".repeat(4096), "x".repeat(4096), "x".repeat(1808), "", "last");
    }

    @Test
    void aNewVmWhoseSetupFailsIsGone() {
        failing = "packages";

        assertThatThrownBy(() -> service.create(request(true), Progress.none()))
                .isInstanceOfSatisfying(BangerException.class, e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.SCRIPT_FAILED);
                    assertThat(e.detail()).isEqualTo("no\nsuch package");
                })
                .hasMessageContaining("the setup script packages of /p/banger.toml ended with status 7 in dev");
        assertThat(ran()).containsExactly("packages");
        assertThat(store.all()).isEmpty();
        assertThat(host.runningIds()).isEmpty();
    }

    @Test
    void aVmThatWasThereRunsOnWhenAScriptFailsAndIsSetUpByTheNextStart() {
        service.create(request(false), Progress.none());
        failing = "build";

        assertThatThrownBy(() -> service.start("dev", Progress.none()))
                .hasMessageContaining("the setup script build")
                .hasMessageEndingWith("it runs on");
        assertThat(service.get("dev").runtime().state()).isEqualTo(VmState.RUNNING);
        ran();
        failing = "";
        service.restart("dev", Progress.none());
        assertThat(ran()).containsExactly("packages", "build", "server");
    }
}
