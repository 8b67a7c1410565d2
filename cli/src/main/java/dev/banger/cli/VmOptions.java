package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ConfigQuery;
import dev.banger.api.PublishedPort;
import dev.banger.api.VmCreate;
import dev.banger.api.VmDefaults;
import dev.banger.api.VmNetwork;
import dev.banger.api.WaitFor;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a new VM shall be: the options of {@code vm run} and {@code vm create}. */
final class VmOptions {
    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "Its name and hostname; two words are made up without it.")
    private @Nullable String name;

    @Option(names = "--image", paramLabel = "IMAGE", description = "The image it starts from; default: debian.")
    private @Nullable String image;

    @Option(names = "--kernel", paramLabel = "KERNEL", description = "The kernel it boots; default: debian.")
    private @Nullable String kernel;

    @Option(names = "--cpus", paramLabel = "N", description = "Virtual CPUs; default: 2, or as many as the host has.")
    private @Nullable Integer cpus;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = Sizes.MiB.class,
            description = "Memory, such as 512M or 2G; a number alone is MiB; default: 512M.")
    private @Nullable Long memoryMiB;

    @Option(
            names = "--disk-size",
            paramLabel = "SIZE",
            converter = Sizes.Bytes.class,
            description = "Size of the work disk at /root, such as 20G; takes up only what is written; default: 8G.")
    private @Nullable Long diskBytes;

    @Option(
            names = "--publish",
            paramLabel = "[ADDRESS:]HOST:GUEST",
            converter = Ports.Converter.class,
            description =
                    "Make a TCP port of the guest reachable at the VM's address, for this host alone, or at an address"
                            + " of this host, also for others; may be repeated.")
    private List<PublishedPort> ports = List.of();

    @Option(
            names = "--acceleration",
            paramLabel = "KIND",
            description = "kvm, or tcg (software emulation); default: the best that works here.")
    private @Nullable String acceleration;

    @Option(
            names = "--nested",
            description = "Let it run VMs itself: in it, modprobe kvm_amd or kvm_intel makes /dev/kvm.")
    private boolean nested;

    @Option(
            names = "--vmm",
            paramLabel = "NAME",
            description = "qemu, firecracker (root, KVM, --network bridge), or auto: the best that works here; default:"
                    + " auto.")
    private @Nullable String vmm;

    @Option(
            names = "--wait",
            paramLabel = "WHAT",
            description =
                    "How far to wait: agent (commands run; the default) or system (the image's init has finished).")
    private WaitFor waitFor = WaitFor.AGENT;

    @Option(names = "--cold", description = "Boot it, although there is a template to start from.")
    private boolean cold;

    @Option(
            names = "--idle-pause",
            paramLabel = "DURATION",
            converter = Durations.class,
            description =
                    "Pause it when it has been idle for so long, such as 30s or 10m; the next exec or ssh resumes it.")
    private @Nullable Long idlePauseSeconds;

    @Option(
            names = "--network",
            paramLabel = "NAME",
            description =
                    "user (the default: reaches what the host reaches), bridge (root; an address of its own; the default"
                            + " with --nat, --allow-host or --net-rate), or one that banger network create made.")
    private @Nullable String network;

    @Option(names = "--nat", description = "Let it reach beyond the host; not for --network user, which always does.")
    private boolean nat;

    @Option(
            names = "--allow-host",
            paramLabel = "NAME|ADDRESS[/PREFIX][:PORT]",
            description =
                    "NAT to this alone, such as 192.0.2.0/24:443, example.org or *.example.org:443; may be repeated.")
    private List<String> allowHosts = List.of();

    @Option(
            names = "--net-rate",
            paramLabel = "RATE",
            converter = Rates.class,
            description = "Limit what it sends, and as much what it gets, such as 10mbit; for --network bridge.")
    private long netRate;

    @Option(
            names = "--runtime-dir",
            paramLabel = "DIR",
            description = "A runtime bundle: image and kernel are its own unless they are chosen.")
    private @Nullable String runtimeDir;

    @Option(names = "--no-project", description = "Look for no project file, banger.toml, here or above.")
    private boolean noProject;

    /** Chooses the image by a word that is no option. */
    void image(String name) {
        if (image != null) {
            throw BangerException.invalid("say once which image: --image " + image + ", or " + name
                    + " (a command stands behind --: banger vm run --image " + image + " -- " + name + ")");
        }
        image = name;
    }

    /** With what configuration, project file and environment say where no option does; tells what a project file is used for. */
    VmCreate request(Session session, boolean start, boolean ephemeral) {
        Console console = session.console();
        VmDefaults defaults = session.api()
                .vmDefaults(new ConfigQuery(
                        noProject ? null : console.directory().toString(), console.environment(), null));
        defaults.notices().forEach(notice -> session.out().notice(Neutral.line(notice)));
        return new VmCreate(
                name,
                image == null ? defaults.image() : image,
                kernel == null ? defaults.kernel() : kernel,
                cpus == null ? defaults.cpus() : cpus,
                memoryMiB == null ? defaults.memoryMiB() : memoryMiB,
                diskBytes == null ? defaults.diskBytes() : diskBytes,
                acceleration == null ? defaults.acceleration() : acceleration,
                ports.isEmpty() ? defaults.ports() : ports,
                start,
                cold,
                idlePauseSeconds == null ? defaults.idlePauseSeconds() : idlePauseSeconds,
                ephemeral,
                waitFor,
                network(defaults.network()),
                nested,
                vmm == null ? defaults.vmm() : vmm,
                defaults.project(),
                bundle(console, defaults.runtimeDir()));
    }

    private @Nullable String bundle(Console console, @Nullable String otherwise) {
        return runtimeDir == null
                ? otherwise
                : console.directory().resolve(runtimeDir).normalize().toString();
    }

    private @Nullable VmNetwork network(@Nullable String otherwise) {
        boolean policy = nat || !allowHosts.isEmpty() || netRate != 0;
        // What only a bridge has asks for one, whatever is usual.
        String usual = policy && "user".equals(otherwise) ? null : otherwise;
        String wanted = network == null ? usual : network;
        return wanted == null && !policy ? null : new VmNetwork(wanted, nat, allowHosts, netRate);
    }
}
