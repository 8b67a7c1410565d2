package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import dev.banger.api.ImageCustomize;
import dev.banger.api.ImageInfo;
import dev.banger.api.ImageKeep;
import dev.banger.api.ImageName;
import dev.banger.api.StopMode;
import dev.banger.api.TerminalSize;
import dev.banger.api.VmInfo;
import dev.banger.api.VmNetwork;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "customize",
        description = {
            "Make a new image of another one: boot a VM of it, run a script or a shell in it as root, save what that left.",
            "",
            "What belongs to one machine is taken out: hostname, machine-id, ssh keys, resolv.conf, random seed. The VM",
            "has no work disk, so what is put into /root is in the image, and is on the work disk of each new VM.",
            "The exit status is the script's; if it is not 0 there is no image. Whatever happens, the VM is deleted.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger image customize debian build-box --script setup.sh",
            "  echo 'apt-get update && apt-get install -y jq' | banger image customize debian with-jq --script -",
            "  banger image customize debian mine --interactive --size 20G",
            "Next: banger vm run --image NAME, banger image diff BASE NAME."
        })
final class ImageCustomizeCommand extends Leaf {
    private static final int LARGEST_SCRIPT = 16 << 20;

    /** A file, so that its first line says what runs it and what it runs does not read it as input. */
    private static final String RUN = """
            umask 077
            mkdir -p /run/banger && cat >/run/banger/script && chmod 700 /run/banger/script || exit 125
            umask 022
            exec /run/banger/script </dev/null""";

    @Parameters(index = "0", paramLabel = "BASE", description = "The image to start from.")
    private String base = "";

    @Parameters(index = "1", paramLabel = "NAME", description = "The new image's name.")
    private String name = "";

    @Option(names = "--script", paramLabel = "FILE", description = "The script to run; -: from stdin.")
    private @Nullable String script;

    @Option(names = "--interactive", description = "Open a shell instead; when it ends the image is saved.")
    private boolean interactive;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            converter = Sizes.Bytes.class,
            description = "Size of its file system, such as 20G; default: as that of BASE.")
    private @Nullable Long rootBytes;

    @Option(
            names = "--nat",
            description = "Put the VM at the bridge, with NAT (root); without it, it reaches what the host reaches.")
    private boolean nat;

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

    @Option(names = "--replace", description = "Also if there is an image NAME; VMs keep the one they have.")
    private boolean replace;

    @Option(names = "--json", description = "Print the image as JSON instead of its name.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress.")
    private boolean quiet;

    ImageCustomizeCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        if (interactive == (script != null)) {
            throw BangerException.invalid("say what to do in the VM: --script FILE, or --interactive");
        }
        if (interactive && !(console().stdinIsTerminal() && console().stdoutIsTerminal())) {
            throw BangerException.invalid("a shell needs a terminal; use --script");
        }
        byte[] text = script == null ? new byte[0] : read(script);
        refuseTaken();
        VmInfo made = new ProgressView(session(), quiet).follow(api().customizeImage(base, request()));
        boolean kept = false;
        try {
            int status = interactive ? shell(made) : run(made, text);
            if (status != 0 && !(interactive && isWanted(status))) {
                out().notice((interactive ? "the shell" : "the script") + " ended with status " + status
                        + "; no image was made");
                return status;
            }
            ImageInfo image =
                    new ProgressView(session(), quiet).follow(api().keepImage(made.id(), new ImageKeep(name, replace)));
            kept = true;
            if (json) {
                out().json(ImageInfo.class, image);
            } else {
                out().line(image.name());
            }
            return 0;
        } catch (BangerException e) {
            throw explained(made, e);
        } finally {
            if (!kept) {
                delete(made);
            }
        }
    }

    private ImageCustomize request() {
        VmNetwork network = nat ? new VmNetwork(null, true, List.of(), 0) : null;
        return new ImageCustomize(rootBytes, kernel, cpus, memoryMiB, acceleration, network);
    }

    /** Before the work, which would be in vain. */
    private void refuseTaken() {
        ImageName.check(name);
        if (!replace && api().images().stream().anyMatch(image -> image.name().equals(name))) {
            throw new BangerException(
                    ErrorCode.ALREADY_EXISTS,
                    "there is an image " + name + "; choose another name, or replace it with --replace");
        }
    }

    private byte[] read(String file) {
        Path path = console().directory().resolve(file);
        try (InputStream in = file.equals("-") ? console().stdin() : Files.newInputStream(path)) {
            byte[] text = in.readNBytes(LARGEST_SCRIPT + 1);
            if (text.length == 0 || text.length > LARGEST_SCRIPT) {
                throw BangerException.invalid(
                        text.length == 0 ? "the script is empty" : "the script has more than 16 MiB");
            }
            return text;
        } catch (NoSuchFileException e) {
            throw BangerException.notFound("there is no " + path);
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot read " + path + ": " + e.getMessage(), e);
        }
    }

    private int run(VmInfo made, byte[] text) {
        ExecSession session =
                api().exec(made.id(), new ExecRequest(List.of("/bin/sh", "-c", RUN), Map.of(), null, null, null));
        return new Attachment(console()).join(session, false, new ByteArrayInputStream(text));
    }

    private int shell(VmInfo made) {
        TerminalSize size = console().size();
        Map<String, String> variables = Map.of("TERM", console().environment().getOrDefault("TERM", "xterm"));
        ExecSession session = api().exec(made.id(), new ExecRequest(List.of(), variables, null, null, size));
        return new Attachment(console()).join(session, true);
    }

    /** A shell's status is that of the last command, which need not have mattered. */
    private boolean isWanted(int status) {
        return new Question(session()).ask("the shell ended with status " + status + "; save image " + name + "?");
    }

    /** A VM that went away has left word of the reason. */
    private BangerException explained(VmInfo made, BangerException e) {
        if (e.code() == ErrorCode.CANCELLED) {
            return e;
        }
        try {
            // Stopped, so that whoever ends it at this moment has said why.
            String why =
                    api().stopVm(made.id(), StopMode.KILL).await(event -> {}).lastError();
            return why == null ? e : new BangerException(e.code(), "no image was made: " + why, e.detail(), e);
        } catch (BangerException gone) {
            return e;
        }
    }
}
