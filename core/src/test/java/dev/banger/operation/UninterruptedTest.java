package dev.banger.operation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class UninterruptedTest {
    private final CountDownLatch begun = new CountDownLatch(1);
    private final AtomicBoolean ended = new AtomicBoolean();

    /** Ends a while after the work beside it has begun. */
    private void other() {
        try {
            assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
            TimeUnit.MILLISECONDS.sleep(100);
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts it", e);
        }
        ended.set(true);
    }

    @Test
    void workBesideOtherWorkIsOverWhenBothAre() {
        String result = Uninterrupted.beside(this::other, () -> {
            begun.countDown();
            return "done";
        });

        assertThat(result).isEqualTo("done");
        assertThat(ended).isTrue();
    }

    @Test
    void workThatFailsIsOverWhenTheOtherIs() {
        assertThatThrownBy(() -> Uninterrupted.beside(this::other, () -> {
                    begun.countDown();
                    throw new IllegalStateException("no");
                }))
                .hasMessage("no");
        assertThat(ended).isTrue();
    }

    @Test
    void aCancelIsKeptUntilBothAreOver() {
        Thread.currentThread().interrupt();

        Uninterrupted.beside(this::other, () -> {
            begun.countDown();
            return "";
        });

        assertThat(Thread.interrupted()).isTrue();
        assertThat(ended).isTrue();
    }

    @Test
    void bothFailuresAreTold() {
        RuntimeException second = new IllegalStateException("second");

        assertThatThrownBy(() -> Uninterrupted.beside(
                        () -> {
                            throw second;
                        },
                        () -> {
                            throw new IllegalStateException("first");
                        }))
                .hasMessage("first")
                .hasSuppressedException(second);
        assertThatThrownBy(() -> Uninterrupted.beside(
                        () -> {
                            throw second;
                        },
                        () -> ""))
                .isSameAs(second);
    }

    @Test
    void allRunAtTheSameTimeAndEndBeforeAFailureIsTold() {
        CountDownLatch met = new CountDownLatch(3);
        AtomicInteger ends = new AtomicInteger();
        RuntimeException second = new IllegalStateException("second");
        Runnable meet = () -> {
            met.countDown();
            try {
                assertThat(met.await(20, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            ends.incrementAndGet();
        };

        assertThatThrownBy(() -> Uninterrupted.all(List.of(
                        () -> {
                            meet.run();
                            throw new IllegalStateException("first");
                        },
                        () -> {
                            meet.run();
                            throw second;
                        },
                        meet)))
                .hasMessage("first")
                .hasSuppressedException(second);
        assertThat(ends).hasValue(3);
        Uninterrupted.all(List.of());
    }
}
