package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** After all others: the machine is as it was before the first. */
@Isolated
@Order(1000)
class NothingIsLeftTest {
    @Test
    void theInventoryIsThatOfTheStart() {
        if (Trees.names(FirstRun.home().resolve("run")).contains("bangerd.sock")) {
            Banger.in(FirstRun.home()).ok("daemon", "stop");
        }
        FirstRun.inventory().ifPresent(before -> Inventory.take(BangerHome.ALL).assertNothingNewSince(before));

        assertThat(Processes.concerning(BangerHome.ALL)).isEmpty();
        assertThat(Trees.names(BangerHome.ALL)).isSubsetOf("first");
        Trees.delete(BangerHome.ALL);
    }
}
