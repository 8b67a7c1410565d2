package dev.banger.cli;

import dev.banger.api.TemplateInfo;
import dev.banger.api.TemplateWarm;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "warm",
        description = {
            "Make the template of an image ahead of need, so that even the first VM starts without a boot.",
            "",
            "Prints its id and size. One of that make that is there already is kept.",
            ""
        },
        footer = {
            "",
            "Example: banger image warm debian --memory 1G",
            "Next: banger vm run --memory 1G, banger template ls."
        })
final class ImageWarmCommand extends Leaf {
    @Parameters(paramLabel = "IMAGE", arity = "0..1", description = "Its name; default: debian.")
    private @Nullable String image;

    @Option(names = "--cpus", paramLabel = "N", description = "Virtual CPUs; default: 2, or as many as the host has.")
    private @Nullable Integer cpus;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = Sizes.MiB.class,
            description = "Memory, such as 512M or 2G; a number alone is MiB; default: 512M.")
    private @Nullable Long memoryMiB;

    @Option(names = "--kernel", paramLabel = "KERNEL", description = "The kernel it boots; default: debian.")
    private @Nullable String kernel;

    @Option(
            names = "--acceleration",
            paramLabel = "KIND",
            description = "kvm, or tcg (software emulation); default: the best that works here.")
    private @Nullable String acceleration;

    @Option(names = "--nested", description = "For VMs that run VMs themselves.")
    private boolean nested;

    @Option(
            names = "--vmm",
            paramLabel = "NAME",
            description =
                    "For VMs of qemu or of firecracker (root, KVM), or auto: what a VM of the default network has;"
                            + " default: auto.")
    private @Nullable String vmm;

    @Option(names = "--json", description = "Print the template as JSON instead.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress.")
    private boolean quiet;

    ImageWarmCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        TemplateInfo template = new ProgressView(session(), quiet)
                .follow(api().warmTemplate(
                                new TemplateWarm(image, kernel, cpus, memoryMiB, acceleration, nested, vmm)));
        if (json) {
            out().json(TemplateInfo.class, template);
        } else {
            out().line(template.id() + "  " + Sizes.show(template.diskBytes()));
        }
        return 0;
    }
}
