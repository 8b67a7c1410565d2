package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import io.avaje.jsonb.Jsonb;
import java.util.Map;
import org.junit.jupiter.api.Test;

class VmSnapshotTest {
    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    @Test
    void createSavesTheVmUnderTheNameAndPrintsIt() {
        assertThat(console.run(banger, "vm", "snapshot", "create", "dev", "clean"))
                .isZero();
        assertThat(banger.calls()).containsExactly("snapshot dev as clean");
        assertThat(console.out()).isEqualTo("clean\n");
    }

    @Test
    void createWithoutANamePrintsTheOneThatWasMadeUp() {
        assertThat(console.run(banger, "vm", "snapshot", "create", "dev")).isZero();
        assertThat(banger.calls()).containsExactly("snapshot dev as null");
        assertThat(console.out()).isEqualTo("quiet-river\n");
    }

    @Test
    void createPrintsTheSnapshotAsJson() {
        console.run(banger, "vm", "snapshot", "create", "dev", "clean", "--json");

        Map<String, Object> snapshot = Jsonb.instance().type(Object.class).map().fromJson(console.out());
        assertThat(snapshot)
                .containsEntry("name", "clean")
                .containsEntry("memory", true)
                .containsEntry("parent", null);
    }

    @Test
    void lsShowsEachBelowItsParentHoweverLateItWasMade() {
        banger.with(Samples.snapshot("clean", null, false, "left", "right"))
                .with(Samples.snapshot("other", "of another VM", false))
                .with(Samples.snapshot("left", "clean", false))
                .with(Samples.snapshot("right", "clean", false, "deep"))
                .with(Samples.snapshot("deep", "right", true, "dev"))
                .with(Samples.snapshot("late", "left", false));

        assertThat(console.run(banger, "vm", "snapshot", "ls", "dev")).isZero();
        assertThat(banger.calls()).containsExactly("snapshots dev");
        assertThat(console.out().lines().map(line -> line.substring(0, 10).stripTrailing()))
                .containsExactly("NAME", "clean", "  left", "    late", "  right", "    deep *", "other");
        assertThat(console.out().lines().findFirst())
                .hasValueSatisfying(headings -> assertThat(headings.split(" {2,}"))
                        .containsExactly("NAME", "MEMORY", "SIZE", "AGE", "USED BY"));
        assertThat(console.out().lines().toList().get(1))
                .contains("yes")
                .contains("64 MiB")
                .endsWith("left, right");
    }

    @Test
    void lsShowsWhatHasNoNameAndNoMemory() {
        banger.with(Samples.snapshot("-", null, false, "disks")).with(Samples.snapshot("disks", "-", false));

        console.run(banger, "vm", "snapshot", "ls", "dev");

        assertThat(console.out().lines().toList().get(1)).startsWith("-        yes");
        assertThat(console.out().lines().toList().get(2))
                .startsWith("  disks  no")
                .endsWith("-");
    }

    @Test
    void lsQuietPrintsTheNamesThatOtherCommandsTake() {
        banger.with(Samples.snapshot("-", null, false)).with(Samples.snapshot("clean", "-", true));

        console.run(banger, "vm", "snapshot", "ls", "-q", "dev");

        assertThat(console.out()).isEqualTo("clean\n");
    }

    @Test
    void lsPrintsJson() {
        banger.with(Samples.snapshot("-", null, false)).with(Samples.snapshot("clean", "-", true, "dev"));

        console.run(banger, "vm", "snapshot", "ls", "dev", "--json");

        assertThat(Jsonb.instance().type(Object.class).list().fromJson(console.out()))
                .hasSize(2)
                .last()
                .asString()
                .contains("parent=-")
                .contains("usedBy=[dev]");
    }

    @Test
    void restoreBringsTheVmBackAndPrintsItsName() {
        assertThat(console.run(banger, "vm", "snapshot", "restore", "dev", "clean"))
                .isZero();
        assertThat(banger.calls()).containsExactly("restore dev to clean");
        assertThat(console.out()).isEqualTo("dev\n");
    }

    @Test
    void aRestoreThatFailsSaysWhy() {
        banger.working(ref -> FakeOperation.failing(
                new BangerException(ErrorCode.DATA_CORRUPT, "the memory of clean is damaged", "short file", null)));

        assertThat(console.run(banger, "vm", "snapshot", "restore", "dev", "clean"))
                .isEqualTo(125);
        assertThat(console.err()).isEqualTo("banger: the memory of clean is damaged\n  | short file\n");
        assertThat(console.out()).isEmpty();
    }

    @Test
    void rmDeletesThoseThatCanBeDeleted() {
        banger.refuse("base", new BangerException(ErrorCode.IN_USE, "base is used by clean"));

        assertThat(console.run(banger, "vm", "snapshot", "rm", "dev", "base", "old"))
                .isEqualTo(125);
        assertThat(banger.calls()).containsExactly("delete snapshot of dev base", "delete snapshot of dev old");
        assertThat(console.out()).isEqualTo("old\n");
        assertThat(console.err()).isEqualTo("banger: base is used by clean\n");
    }
}
