package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecSession;
import dev.banger.api.ImagePull;
import dev.banger.api.VmInfo;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "run",
        description = {
            "Make a VM, start it, and run a command in it; without a command, what the image is made for, or else a shell.",
            "",
            "Kernel and image are fetched and built by the first run. The exit status is the command's.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger vm run --rm -- uname -a",
            "  banger vm run --name dev            # a shell; the VM stays",
            "  banger vm run --rm app              # what image app is made for",
            "  banger vm run --rm registry.example.org/app:1.2 -- sh    # pulled unless it is there",
            "  tar c . | banger vm run --rm -- sh -c 'tar x && make test'",
            "Next: banger vm exec NAME -- COMMAND, banger vm ls, banger vm delete NAME."
        })
final class VmRunCommand extends Leaf {
    @Mixin
    private final VmOptions vm = new VmOptions();

    @Option(names = "--rm", description = "Delete the VM when the command has ended, however it ended.")
    private boolean remove;

    @Mixin
    private final ExecOptions exec = new ExecOptions();

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress and no reminder.")
    private boolean quiet;

    @Parameters(
            paramLabel = "[IMAGE] [-- COMMAND]",
            hideParamSyntax = true,
            arity = "0..*",
            description = {
                "The image, or the reference of one to be pulled, as --image; and what to run, in place of all of the image's"
                        + " entrypoint and command. No command: those, or else a login shell."
            })
    private List<String> words = List.of();

    @Spec
    private @Nullable CommandSpec spec;

    VmRunCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        exec.terminal(console()); // refuse contradicting options before anything is made
        Words asked = asked();
        asked.image().ifPresent(image -> vm.image(provided(image)));
        VmInfo made = make(asked);
        try {
            ExecSession program = api().exec(made.id(), exec.request(asked.command(), console()));
            int status = new Attachment(console()).join(program, exec.terminal(console()));
            if (!remove && !quiet && console().stderrIsTerminal()) {
                out().notice(made.name() + " is still running; \"banger vm exec " + made.name()
                        + " -- COMMAND\" runs more in it, \"banger vm delete " + made.name() + "\" deletes it");
            }
            return status;
        } finally {
            if (remove) {
                delete(made);
            }
        }
    }

    private record Words(Optional<String> image, List<String> command) {}

    /** What stands behind {@code --} at once is the command; a word before that is an image, and the rest the command. */
    private Words asked() {
        if (words.isEmpty()) {
            return new Words(Optional.empty(), words);
        }
        List<String> line =
                Objects.requireNonNull(spec).commandLine().getParseResult().originalArgs();
        int first = line.size() - words.size();
        if (first > 0 && line.get(first - 1).equals("--")) {
            return new Words(Optional.empty(), words);
        }
        return new Words(Optional.of(words.getFirst()), BangerCli.guestCommand(words.subList(1, words.size())));
    }

    /** The name of an image: of one that a reference names, which is pulled unless it is there. */
    private String provided(String image) {
        if (!ImagePullCommand.isReference(image)) {
            return image;
        }
        ImagePull pull = ImagePull.of(ImagePullCommand.absolute(console(), image));
        return new ProgressView(session(), quiet).follow(api().pullImage(pull)).name();
    }

    private VmInfo make(Words asked) {
        try {
            return new ProgressView(session(), quiet).follow(api().createVm(vm.request(session(), true, remove)));
        } catch (BangerException e) {
            String first = asked.image().orElse("");
            if (e.code() == ErrorCode.NOT_FOUND
                    && String.valueOf(e.getMessage()).contains("\"" + first + "\"")) {
                throw new BangerException(
                        e.code(), e.getMessage() + "\na command stands behind --: banger vm run -- " + first, e);
            }
            throw e;
        }
    }
}
