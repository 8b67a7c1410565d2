package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.KernelImport;
import dev.banger.api.KernelInfo;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "import",
        description = {
            "Make a kernel of one that lies on this host; prints its name.",
            "",
            "DIR is laid out as a runtime bundle: vmlinux, vmlinuz or boot/vmlinuz-VERSION, and if it has modules",
            "lib/modules/VERSION; or a bundle.json names them. Without modules all that a boot needs is built in. An",
            "initrd is not needed: banger makes its own. DIR is only read, and may change or go afterwards.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger kernel import --from ~/linux --name mine",
            "  banger kernel import --from / --name hosts",
            "Next: banger vm run --kernel NAME."
        })
final class KernelImportCommand extends Leaf {
    @Option(names = "--from", required = true, paramLabel = "DIR", description = "Where it lies.")
    private String from = "";

    @Option(names = "--name", paramLabel = "NAME", description = "What to call it; default: as DIR is called.")
    private @Nullable String name;

    @Option(names = "--replace", description = "Also if there is a kernel NAME; VMs keep the one they have.")
    private boolean replace;

    @Option(names = "--json", description = "Print the kernel as JSON instead of its name.")
    private boolean json;

    KernelImportCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        Path directory = console().directory().resolve(from).normalize();
        KernelInfo made = new ProgressView(session(), false)
                .follow(api().importKernel(new KernelImport(
                        name == null ? named(directory) : name, directory.toString(), replace)));
        if (json) {
            out().json(KernelInfo.class, made);
        } else {
            out().line(made.name());
        }
        return 0;
    }

    private static String named(Path directory) {
        Path last = directory.getFileName();
        if (last == null) {
            throw BangerException.invalid(directory + " has no name; give the kernel one with --name");
        }
        return last.toString().toLowerCase(Locale.ROOT);
    }
}
