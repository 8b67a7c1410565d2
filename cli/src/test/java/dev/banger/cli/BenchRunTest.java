package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.StageTiming;
import dev.banger.api.VmState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class BenchRunTest {
    private static final String CLIENT = "/opt/banger/bin/banger";
    private static final StageTiming WAKING = new StageTiming("waking", 30);

    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();
    private final List<String> ran = new ArrayList<>();
    /** Where the coming starts come from; then all from a template. */
    private final Deque<String> sources = new ArrayDeque<>();

    private String failing = "nothing fails";
    private ErrorCode failure = ErrorCode.HOST_COMMAND_FAILED;

    /** Takes as many milliseconds as programs have been run, and does to the API what the client would. */
    private Duration run(List<String> command) {
        String line = String.join(" ", command);
        ran.add(line);
        if (line.contains(failing)) {
            if (failure == ErrorCode.CANCELLED) {
                Thread.currentThread().interrupt(); // as a cancel does it
            }
            throw new BangerException(failure, "it failed\nbadly");
        }
        if (line.startsWith("sleep ")) {
            return Duration.ofSeconds(3);
        }
        String from = Objects.requireNonNullElse(line.contains("--cold") ? "boot" : sources.poll(), "template");
        if (line.contains(" vm run ")) {
            String name = command.get(command.indexOf("--name") + 1);
            banger.ended("vm.create", name, Samples.startedFrom(name, from, WAKING));
        } else if (line.contains(" vm create ")) {
            banger.with(Samples.startedFrom(command.getLast(), from, WAKING));
        } else if (line.contains(" vm fork ")) {
            boolean ten = line.endsWith(" -n 10");
            String parent = command.get(4);
            String name = command.get(5);
            for (int i = 1; i <= (ten ? 10 : 1); i++) {
                banger.with(Samples.startedFrom(ten ? name + "-" + i : name, from, WAKING));
            }
            banger.ended(
                    "vm.fork",
                    parent,
                    Samples.startedFrom(
                            parent,
                            "-",
                            new StageTiming("pausing " + parent, 5),
                            new StageTiming("saving its memory", 20),
                            new StageTiming("keeping the snapshot", 90)));
        } else if (line.contains(" snapshot create ")) {
            String name = command.get(command.size() - 2);
            banger.ended("snapshot.create", name, Samples.startedFrom(name, "-", new StageTiming("saving", 40)));
        }
        return Duration.ofMillis(ran.size());
    }

    private BenchReport measure(BenchRow... rows) {
        return measure(new ThrowawayVms.Make(null, null, null), rows);
    }

    private BenchReport measure(ThrowawayVms.Make make, BenchRow... rows) {
        Session session = new Session(banger, console, "0.1.0", "abc123", Path.of(CLIENT));
        return new BenchRun(session, this::run, 3, "bench-x-", make).measure(List.of(rows));
    }

    private BenchReport.Row only(BenchRow row) {
        return measure(row).rows().getFirst();
    }

    @Test
    void theFirstOfEachRowDoesNotCount() {
        BenchReport.Row row = only(BenchRow.LS);

        assertThat(ran).containsOnly(CLIENT + " vm ls").hasSize(4);
        assertThat(row.millis()).containsExactly(2.0, 3.0, 4.0);
    }

    @Test
    void aBootIsColdAndItsStagesAreKnownAlthoughTheVmIsGone() {
        BenchReport.Row row = only(BenchRow.BOOT);

        assertThat(ran).first().isEqualTo(CLIENT + " vm run -q --rm --cold --name bench-x-1 -- true");
        assertThat(row.n()).isEqualTo(3);
        assertThat(row.stage()).isEqualTo("waking");
        assertThat(row.note()).isEmpty();
    }

    @Test
    void allVmsAreOfTheMakeThatWasAskedFor() {
        BenchReport report =
                measure(new ThrowawayVms.Make("firecracker", "bridge", "sandbox"), BenchRow.BOOT, BenchRow.EXEC);

        assertThat(ran)
                .filteredOn(each -> each.startsWith(CLIENT + " vm run") || each.startsWith(CLIENT + " vm create"))
                .hasSize(5)
                .allSatisfy(each ->
                        assertThat(each).contains(" --vmm firecracker --network bridge --kernel sandbox --name "));
        assertThat(banger.warmed().vmm()).isEqualTo("firecracker");
        assertThat(banger.warmed().kernel()).isEqualTo("sandbox");
        assertThat(report.host().kernel()).isEqualTo("sandbox");
        assertThat(report.host().network()).isEqualTo("bridge");
    }

    @Test
    void restoresAndPoolHitsAreToldApartByAsking() {
        sources.addAll(List.of("template", "pool", "template", "template", "template", "pool", "pool"));

        List<BenchReport.Row> rows = measure(BenchRow.RESTORE, BenchRow.POOL).rows();

        assertThat(banger.calls()).contains("warm null");
        assertThat(rows.get(0).millis()).containsExactly(3.0, 4.0, 5.0);
        assertThat(rows.get(1).millis()).containsExactly(2.0, 7.0, 9.0);
        assertThat(ran)
                .as("what fills the pool is time")
                .filteredOn("sleep 6"::equals)
                .hasSize(2);
        assertThat(rows).allSatisfy(row -> assertThat(row.note()).isEmpty());
    }

    @Test
    void withoutAPoolItsRowSaysSo() {
        List<BenchReport.Row> rows = measure(BenchRow.RESTORE, BenchRow.POOL).rows();

        assertThat(ran).filteredOn(each -> each.startsWith(CLIENT)).hasSize(6);
        assertThat(rows.get(0).n()).isEqualTo(3);
        assertThat(rows.get(1).n()).isZero();
        assertThat(rows.get(1).note()).isEqualTo("no start came from a pool");
    }

    @Test
    void withoutATemplateTheRestoreSaysWhatThereWasInstead() {
        sources.addAll(List.of("boot", "boot", "boot", "boot", "boot", "boot"));
        banger.refuse("null", new BangerException(ErrorCode.PRECONDITION_FAILED, "templates are off"));

        BenchReport.Row row = only(BenchRow.RESTORE);

        assertThat(row.n()).isZero();
        assertThat(row.note()).isEqualTo("0 starts came from a template; some came from: boot; templates are off");
    }

    @Test
    void theFirstExecAfterARestoreHasAFreshVmEachTime() {
        BenchReport.Row row = only(BenchRow.EXEC_AFTER_RESTORE);

        assertThat(ran)
                .startsWith(CLIENT + " vm create -q --name bench-x-1", CLIENT + " vm exec bench-x-1 -- true")
                .hasSize(6);
        assertThat(row.millis()).containsExactly(2.0, 4.0, 6.0);
        assertThat(banger.calls()).contains("delete bench-x-1", "delete bench-x-2", "delete bench-x-3");
    }

    @Test
    void execsAndForksAndSnapshotsAreOfOneVm() {
        List<BenchReport.Row> rows =
                measure(BenchRow.EXEC, BenchRow.FORK, BenchRow.SNAPSHOT).rows();

        assertThat(ran)
                .contains(CLIENT + " vm exec bench-x-1 -- true")
                .contains(CLIENT + " vm fork -q bench-x-2 bench-x-3", CLIENT + " vm fork -q bench-x-2 bench-x-6")
                .contains(CLIENT + " vm snapshot create -q bench-x-7 bench-3");
        assertThat(rows).allSatisfy(row -> assertThat(row.n()).isEqualTo(3));
        assertThat(rows.get(0).stage()).isNull();
        assertThat(rows.get(1).stage()).isEqualTo("waking");
        assertThat(rows.get(2).stage()).isEqualTo("saving");
        assertThat(banger.calls()).contains("delete bench-x-1", "delete bench-x-3", "delete bench-x-7");
    }

    @Test
    void aForksPauseAndFirstCommandAreTimedWithIt() {
        List<BenchReport.Row> rows =
                measure(BenchRow.FORK, BenchRow.FORK_EXEC, BenchRow.FORK_PAUSE).rows();

        assertThat(ran).filteredOn(each -> each.contains(" vm fork ")).hasSize(4);
        assertThat(rows.get(0).millis()).containsExactly(4.0, 6.0, 8.0);
        assertThat(rows.get(1).millis()).as("with the exec after it").containsExactly(9.0, 13.0, 17.0);
        assertThat(rows.get(2).millis()).containsExactly(25.0, 25.0, 25.0);
    }

    @Test
    void aFirstForkHasAFreshParentEachTime() {
        assertThat(only(BenchRow.FIRST_FORK_PAUSE).millis()).containsExactly(25.0, 25.0, 25.0);
        assertThat(ran).filteredOn(each -> each.contains(" vm create ")).hasSize(3);
    }

    @Test
    void tenForksAreAskedForAtOnce() {
        assertThat(only(BenchRow.TEN_FORKS).n()).isEqualTo(3);
        assertThat(ran).contains(CLIENT + " vm fork -q bench-x-1 bench-x-2 -n 10");
        assertThat(banger.calls()).contains("delete bench-x-2-1", "delete bench-x-2-10", "delete bench-x-1");
    }

    @Test
    void memoryIsComparedWithThatOfBootedVms() {
        BenchReport.Row row = only(BenchRow.MEMORY);

        assertThat(row.n()).isZero();
        assertThat(row.note()).isEqualTo("1.3 GiB, booted cold 1.3 GiB: 0 % less");
        assertThat(ran)
                .filteredOn(each -> each.contains("vm create -q --cold --wait system"))
                .hasSize(10);
    }

    @Test
    void aRowThatFailsSaysWhyAndTheOthersGoOn() {
        failing = " vm fork ";

        List<BenchReport.Row> rows = measure(BenchRow.FORK, BenchRow.TRUE).rows();

        assertThat(rows.get(0).n()).isZero();
        assertThat(rows.get(0).note()).isEqualTo("it failed\nbadly");
        assertThat(rows.get(1).n()).isEqualTo(3);
    }

    @Test
    void aCancelEndsItAndTheVmsItMadeAreDeletedButNoOthers() {
        banger.with(Samples.vm("bench-other", VmState.RUNNING));
        failing = " vm exec ";
        failure = ErrorCode.CANCELLED;

        assertThatThrownBy(() -> measure(BenchRow.EXEC, BenchRow.TRUE))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CANCELLED));
        assertThat(Thread.interrupted()).isTrue();
        assertThat(console.err()).doesNotContain("could not delete");
        assertThat(ran).doesNotContain("/bin/true");
        assertThat(banger.calls().stream().filter(call -> call.startsWith("delete")))
                .containsExactly("delete " + Samples.ID);
    }

    @Test
    void aVmThatCannotBeDeletedIsToldOf() {
        failing = " vm exec ";
        banger.refuse(Samples.ID, new BangerException(ErrorCode.VMM_FAILED, "it does not end"));

        measure(BenchRow.EXEC);

        assertThat(console.err()).contains("could not delete bench-x-1: it does not end");
    }
}
