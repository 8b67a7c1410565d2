package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "bench",
        description = {
            "Measure banger on this host, beside references of the same run.",
            "",
            "Every time is that of a whole process, from its start to its end. The VMs it makes are called bench-... and",
            "are deleted. A row that cannot be measured says why.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger bench --output before.json",
            "  banger bench --compare before.json --only restore,exec",
            "  banger bench --vmm firecracker --network bridge"
        })
final class BenchCommand extends Leaf {
    private static final int MOST_RUNS = 1000;

    @Option(names = "--runs", paramLabel = "N", description = "How often each row is measured; default: 10.")
    private int runs = 10;

    @Option(names = "--only", paramLabel = "ROWS", split = ",", description = "Only these: ${COMPLETION-CANDIDATES}.")
    private List<BenchRow> only = Arrays.asList(BenchRow.values());

    @Option(names = "--vmm", paramLabel = "NAME", description = "What runs the VMs, as for vm run; default: auto.")
    private @Nullable String vmm;

    @Option(
            names = "--network",
            paramLabel = "NAME",
            description = "What the VMs are connected to, as for vm run; default: user.")
    private @Nullable String network;

    @Option(
            names = "--kernel",
            paramLabel = "KERNEL",
            description = "What the VMs boot, as for vm run; default: debian.")
    private @Nullable String kernel;

    @Option(names = "--output", paramLabel = "FILE", description = "Write the report there, too, as JSON.")
    private @Nullable Path output;

    @Option(names = "--compare", paramLabel = "FILE", description = "Show the change since that report.")
    private @Nullable Path compare;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    BenchCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        if (runs < 1 || runs > MOST_RUNS) {
            throw BangerException.invalid("--runs takes 1 to " + MOST_RUNS + ", not " + runs);
        }
        if (json && compare != null) {
            throw BangerException.invalid(
                    "--json and --compare exclude each other: a report does not depend on another");
        }
        // Both files are looked at first: nobody waits minutes to learn that a path was wrong.
        BenchReport earlier =
                compare == null ? null : read(console().directory().resolve(compare));
        Path target = output == null ? null : console().directory().resolve(output);
        if (target != null && (Files.isDirectory(target) || !Files.isDirectory(target.resolveSibling("")))) {
            throw BangerException.invalid(
                    target + " cannot be written: its directory must exist, and it be no directory");
        }
        String prefix =
                "bench-" + Integer.toHexString(ThreadLocalRandom.current().nextInt(0x10000, 0x100000)) + "-";
        BenchReport report = new BenchRun(
                        session(),
                        new ClientProcess(console().environment()),
                        runs,
                        prefix,
                        new ThrowawayVms.Make(vmm, network, kernel))
                .measure(only);
        if (json) {
            out().json(BenchReport.class, report);
        } else {
            report.print(out(), earlier);
        }
        if (target != null) {
            write(target, report);
        }
        return 0;
    }

    private static BenchReport read(Path file) {
        try {
            return BenchReport.parse(Files.readString(file), file.toString());
        } catch (IOException e) {
            throw new BangerException(ErrorCode.NOT_FOUND, "cannot read the earlier report " + file + ": " + e, e);
        }
    }

    private static void write(Path file, BenchReport report) {
        try {
            Files.writeString(file, report.toJson() + "\n");
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED, "cannot write the report to " + file + ": " + e, e);
        }
    }
}
