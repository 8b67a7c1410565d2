package dev.banger.it;

import dev.banger.it.BangerHome.Trees;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The first {@code vm run} in an empty home, which fetches the kernel and builds the image by itself. Done once in a test run;
 * the other homes take what it made. The property {@code banger.it.cache} names a cache directory made before, for a quick run
 * of one class.
 */
final class FirstRun {
    private static final Path HOME = BangerHome.ALL.resolve("first");
    private static @Nullable Outcome outcome;
    private static @Nullable Inventory inventory;
    private static boolean isWarm;

    private FirstRun() {}

    static Path home() {
        return HOME;
    }

    static synchronized Outcome outcome() {
        Outcome known = outcome;
        if (known == null) {
            inventory = Inventory.take(BangerHome.ALL);
            Trees.delete(HOME);
            Trees.makeDirectory(HOME);
            String prepared = System.getProperty("banger.it.cache", "");
            if (!prepared.isEmpty()) {
                Trees.link(Path.of(prepared), HOME.resolve("cache"));
            }
            known = Banger.in(HOME)
                    .call("vm", "run", "--rm", "--", "uname", "-a")
                    .within(Duration.ofMinutes(9))
                    .run();
            outcome = known;
        }
        return known;
    }

    /** What there was before anything ran. */
    static synchronized Optional<Inventory> inventory() {
        return Optional.ofNullable(inventory);
    }

    /** Its cache: kernel, image, initramfs, work disk seed, and templates: of the usual VM, and of one with 256 MiB. */
    static synchronized Path cache() {
        outcome().expect(0);
        if (!isWarm) {
            Banger.in(HOME).ok("image", "warm");
            Banger.in(HOME).ok("image", "warm", "--memory", "256M");
            Banger.in(HOME).ok("daemon", "stop");
            isWarm = true;
        }
        return HOME.resolve("cache");
    }
}
