package dev.banger.operation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.Operation;
import dev.banger.api.OperationInfo;
import dev.banger.api.ProgressEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OperationsTest {
    private final Operations operations = new Operations();

    @AfterEach
    void close() {
        operations.close();
    }

    @Test
    void itsResultAndAllItsEventsReachALateListener() {
        Operation<String> operation = operations.start("test", "it", progress -> {
            progress.stage("one");
            progress.update(1, 2);
            progress.stage("two");
            progress.warn("careful");
            return "done";
        });
        operation.await(event -> {});
        List<ProgressEvent> events = new ArrayList<>();

        assertThat(operation.await(events::add)).isEqualTo("done");
        assertThat(events).extracting(ProgressEvent::stage).containsExactly("one", "one", "two", "careful");
        assertThat(operation.info().state()).isEqualTo(OperationInfo.State.SUCCEEDED);
        assertThat(operation.info().stages()).extracting(stage -> stage.stage()).containsExactly("one", "two");
    }

    @Test
    void itsFailureIsThrownToWhoeverWaits() {
        Operation<String> operation = operations.start("test", "it", progress -> {
            throw new BangerException(ErrorCode.IN_USE, "busy");
        });

        assertThatThrownBy(() -> operation.await(event -> {}))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE));
        assertThat(operation.info().errorCode()).isEqualTo("IN_USE");
    }

    @Test
    void aDefectBecomesAnInternalError() {
        Operation<String> operation = operations.start("test", "it", progress -> {
            throw new IllegalStateException("oops");
        });

        assertThatThrownBy(() -> operation.await(event -> {}))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL));
    }

    @Test
    void cancelInterruptsItsWorkAndHoweverThatShowsItIsCancelled() {
        CountDownLatch never = new CountDownLatch(1);
        Operation<String> operation = operations.start("test", "it", progress -> {
            try {
                never.await();
                return "";
            } catch (InterruptedException e) {
                throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "a channel closed", e);
            }
        });
        operation.cancel();

        assertThatThrownBy(() -> operation.await(event -> {}))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CANCELLED));
        assertThat(operation.info().state()).isEqualTo(OperationInfo.State.CANCELLED);
    }

    @Test
    void waitersBehindACancelledHolderGoOn_P33() throws Exception {
        NamedLocks locks = new NamedLocks();
        var held = locks.take("image");
        List<String> seen = new ArrayList<>();
        Thread waiter = Thread.ofPlatform().daemon().start(() -> {
            try (var lock = locks.take("image")) {
                seen.add("got it");
            } catch (BangerException e) {
                seen.add(e.code().name());
            }
        });
        while (waiter.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        waiter.interrupt();
        waiter.join();
        assertThat(seen).containsExactly("CANCELLED");
        held.close();
        assertThat(locks.isHeld("image")).isFalse();
        locks.take("image").close();
    }
}
