package dev.banger.testkit;

import dev.banger.api.VmState;
import dev.banger.vm.VmRecord;
import dev.banger.vm.VmRuntime;
import dev.banger.vm.VmSpec;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** Builds records for tests. */
public final class Records {
    private Records() {}

    /** A stopped VM; {@code number} makes its address and id its own. */
    public static VmRecord vm(String name, int number) {
        String id = String.format("%012x", number);
        Path directory = Path.of("/vms", id);
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        return new VmRecord(
                id,
                name,
                new VmSpec(
                        "debian", "digest1", "debian", 1, 512, 1L << 30, null, "user", List.of(), false, 0, false,
                        List.of(), 0, false, null, null),
                new VmRuntime(
                        VmState.STOPPED,
                        "10.0.2.15/24",
                        "127.64.0." + number,
                        directory.resolve("api.sock").toString(),
                        directory.resolve("agent.sock").toString(),
                        null,
                        directory.resolve("console.log").toString(),
                        directory.resolve("vmm.log").toString(),
                        name + ".vm",
                        directory.toString(),
                        directory.resolve("root.qcow2").toString(),
                        directory.resolve("work.qcow2").toString(),
                        "02:62:00:00:00:01",
                        "0".repeat(32),
                        0,
                        null,
                        null,
                        List.of(),
                        null,
                        null,
                        false,
                        null),
                now,
                now);
    }
}
