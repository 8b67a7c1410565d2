package dev.banger.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.VmState;
import dev.banger.vm.VmRecord;
import dev.banger.vm.VmStore;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every {@link VmStore} does. */
public abstract class VmStoreConformance {
    /** An empty store. */
    protected abstract VmStore store();

    @Test
    void givesBackWhatWasInserted() {
        VmStore store = store();
        VmRecord vm = Records.vm("dev", 1);

        store.insert(vm);

        assertThat(store.find(vm.id())).contains(vm);
        assertThat(store.findByName("dev")).contains(vm);
        assertThat(store.all()).containsExactly(vm);
    }

    @Test
    void refusesANameThatIsTaken() {
        VmStore store = store();
        store.insert(Records.vm("dev", 1));

        assertThatThrownBy(() -> store.insert(Records.vm("dev", 2)))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS));
        assertThat(store.all()).hasSize(1);
    }

    @Test
    void updatesOneRowAlone() {
        VmStore store = store();
        VmRecord one = Records.vm("one", 1);
        VmRecord two = Records.vm("two", 2);
        store.insert(one);
        store.insert(two);

        store.update(one.with(one.runtime().withState(VmState.RUNNING)));

        assertThat(store.find(one.id()).orElseThrow().runtime().state()).isEqualTo(VmState.RUNNING);
        assertThat(store.find(two.id())).contains(two);
    }

    @Test
    void refusesToUpdateWhatWasDeleted() {
        assertThatThrownBy(() -> store().update(Records.vm("gone", 1)))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
    }

    @Test
    void forgetsWhatWasDeleted() {
        VmStore store = store();
        VmRecord vm = Records.vm("dev", 1);
        store.insert(vm);

        store.delete(vm.id());
        store.delete(vm.id());

        assertThat(store.find(vm.id())).isEmpty();
        store.insert(Records.vm("dev", 1));
    }

    @Test
    void letsExactlyOneOfManyHaveAName() throws Exception {
        VmStore store = store();
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            List<Callable<Boolean>> attempts = IntStream.rangeClosed(1, 20)
                    .<Callable<Boolean>>mapToObj(i -> () -> {
                        try {
                            store.insert(Records.vm("dev", i));
                            return true;
                        } catch (BangerException e) {
                            return false;
                        }
                    })
                    .toList();
            int winners = 0;
            for (Future<Boolean> attempt : threads.invokeAll(attempts)) {
                winners += attempt.get() ? 1 : 0;
            }
            assertThat(winners).isEqualTo(1);
        }
    }
}
