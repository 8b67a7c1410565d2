package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.VmState;
import io.avaje.jsonb.Jsonb;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables for people, JSON for machines, names for scripts. */
class ListingTest {
    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    private Map<String, Object> object(String... line) {
        assertThat(console.run(banger, line)).isZero();
        return Jsonb.instance().type(Object.class).map().fromJson(console.out());
    }

    private List<Object> array(String... line) {
        assertThat(console.run(banger, line)).isZero();
        return Jsonb.instance().type(Object.class).list().fromJson(console.out());
    }

    @Test
    void vmShowHasTheNamesThatScriptsRelyOn() {
        Map<String, Object> vm = object("vm", "show", "dev", "--json");

        assertThat(vm)
                .containsKeys(
                        "id",
                        "name",
                        "state",
                        "vmm",
                        "acceleration",
                        "pid",
                        "address",
                        "directory",
                        "image",
                        "kernel",
                        "cpus",
                        "memoryMiB")
                .containsEntry("name", "dev")
                .containsEntry("state", "running");
    }

    @Test
    void aFieldWithoutAValueIsNullRatherThanMissing() {
        banger.with(Samples.vm("dev", VmState.STOPPED));

        assertThat(object("vm", "show", "dev", "--json"))
                .containsEntry("pid", null)
                .containsEntry("lastError", null);
    }

    @Test
    void daemonStatusHasTheNamesThatScriptsRelyOn() {
        assertThat(object("daemon", "status", "--json"))
                .containsEntry("running", true)
                .containsKeys("pid", "version", "socket");
    }

    @ParameterizedTest
    @ValueSource(strings = {"vm ls", "image ls", "kernel ls", "vm stats"})
    void listsAreArrays(String line) {
        banger.with(Samples.running("dev"));

        assertThat(array((line + " --json").split(" "))).isNotEmpty();
    }

    @Test
    void anEmptyListIsAnEmptyArray() {
        assertThat(array("vm", "ls", "--json")).isEmpty();
    }

    @Test
    void columnsAreAsWideAsTheirWidestCell() {
        banger.with(Samples.running("dev")).with(Samples.vm("a-much-longer-name", VmState.STOPPED));

        assertThat(console.run(banger, "vm", "ls")).isZero();

        List<String> lines = console.out().lines().toList();
        assertThat(lines.get(0)).startsWith("NAME                STATE    IMAGE");
        assertThat(lines.get(1))
                .startsWith("dev                 running  debian")
                .contains("8080:80");
        assertThat(lines.get(2))
                .startsWith("a-much-longer-name  stopped  debian")
                .endsWith("-");
    }

    @Test
    void aTableOfNothingIsItsHeadings() {
        console.run(banger, "vm", "ls");

        assertThat(console.out()).startsWith("NAME").hasLineCount(1);
    }

    @ParameterizedTest
    @CsvSource({"vm ls, dev", "image ls, debian;mine", "kernel ls, debian"})
    void quietPrintsNamesOnly(String line, String names) {
        banger.with(Samples.running("dev"));

        assertThat(console.run(banger, (line + " -q").split(" "))).isZero();
        assertThat(console.out().lines()).containsExactly(names.split(";"));
    }

    @Test
    void vmShowSaysWhatEmulationCosts() {
        assertThat(console.run(banger, "vm", "show", "dev")).isZero();
        assertThat(console.out()).contains("tcg: software emulation, several times slower");
    }

    @Test
    void vmShowSaysWhereTheVmCameFrom() {
        console.run(banger, "vm", "show", "dev");

        assertThat(console.out()).containsPattern("started from +boot\n").doesNotContain("idle pause");
    }

    @Test
    void vmShowSaysWhenAnIdleVmIsPaused() {
        banger.with(Samples.pausingAfter("dev", 600));

        console.run(banger, "vm", "show", "dev");

        assertThat(console.out()).containsPattern("idle pause +after 10m\n");
    }

    @Test
    void aVmThatNeverStartedCameFromNowhere() {
        banger.with(Samples.vm("dev", VmState.STOPPED));

        console.run(banger, "vm", "show", "dev");

        assertThat(console.out()).doesNotContain("started from");
    }

    @Test
    void statsShowsAllRunningVmsWithoutAName() {
        banger.with(Samples.running("dev")).with(Samples.vm("other", VmState.STOPPED));

        assertThat(console.run(banger, "vm", "stats")).isZero();
        assertThat(banger.calls()).contains("stats " + Samples.ID).doesNotContain("stats other");
        assertThat(console.out())
                .contains("256 MiB of 512 MiB", "0.25", "VMM PSS", "128 MiB", "prepared ahead of need: 2, in 180 MiB");
    }
}
