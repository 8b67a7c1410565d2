package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RollbackTest {
    private final List<String> undone = new ArrayList<>();

    @Test
    void undoesInReverseOrder_P7() {
        try (Rollback rollback = new Rollback()) {
            rollback.push("first", () -> undone.add("first"));
            rollback.push("second", () -> undone.add("second"));
        }
        assertThat(undone).containsExactly("second", "first");
    }

    @Test
    void undoesNothingThatIsKept() {
        try (Rollback rollback = new Rollback()) {
            rollback.push("first", () -> undone.add("first"));
            rollback.keep();
        }
        assertThat(undone).isEmpty();
    }

    @Test
    void runsEveryHookWhateverFailsAndJoinsTheFailures_P9() {
        Rollback rollback = new Rollback();
        rollback.push("first", () -> undone.add("first"));
        rollback.push("second", () -> {
            throw new IllegalStateException("two");
        });
        rollback.push("third", () -> {
            throw new IllegalStateException("three");
        });

        assertThatThrownBy(rollback::close)
                .hasRootCauseMessage("three")
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
        assertThat(undone).containsExactly("first");
        rollback.close(); // twice is harmless
    }

    @Test
    void worksOnAnInterruptedThreadAndKeepsTheInterrupt() {
        Thread.currentThread().interrupt();
        try (Rollback rollback = new Rollback()) {
            rollback.push("first", () -> undone.add(Thread.currentThread().isInterrupted() ? "no" : "calm"));
        }
        assertThat(Thread.interrupted()).isTrue();
        assertThat(undone).containsExactly("calm");
    }
}
