package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Programs of this host that build images of Dockerfiles. They run in the caller's environment, and keep what they cache. */
final class HostBuilders {
    private static final List<Builder> ALL = List.of(
            new Builder("buildah", "oci-archive", List.of("push", "--quiet", "IMAGE", "oci-archive:ARCHIVE")),
            new Builder(
                    "podman",
                    "oci-archive",
                    List.of("save", "--quiet", "--format", "oci-archive", "-o", "ARCHIVE", "IMAGE")),
            new Builder("docker", "docker-archive", List.of("save", "-o", "ARCHIVE", "IMAGE")));

    /** What the last built image is called there, so that nobody throws away the layers that the next build can use. */
    private static final String LATEST = "banger-build";

    private final Console console;
    private final ClientProcess process;

    /** @param save the arguments that write IMAGE to ARCHIVE */
    record Builder(String name, String archive, List<String> save) {}

    HostBuilders(Console console) {
        this.console = console;
        process = new ClientProcess(console.environment());
    }

    /**
     * The first that works, or the one that is wanted.
     *
     * @throws BangerException INVALID_ARGUMENT for one that is not known, PRECONDITION_FAILED where the one that is wanted does not work
     */
    Optional<Builder> choose(@Nullable String wanted) {
        if (wanted == null) {
            return ALL.stream().filter(this::works).findFirst();
        }
        Builder builder = ALL.stream()
                .filter(each -> each.name().equals(wanted))
                .findFirst()
                .orElseThrow(() -> BangerException.invalid("there is no builder \"" + wanted + "\"; there are "
                        + String.join(", ", ALL.stream().map(Builder::name).toList()) + ", "
                        + DockerfileBuild.IN_A_VM));
        if (!works(builder)) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED,
                    wanted + " is not installed or does not work: \"" + wanted + " info\" fails; \"--with "
                            + DockerfileBuild.IN_A_VM + "\" needs nothing of this host");
        }
        return Optional.of(builder);
    }

    /** That a program is there does not say that it can build: docker needs its daemon, the others user namespaces. */
    private boolean works(Builder builder) {
        try {
            return process.end(List.of(builder.name(), "info")).status() == 0;
        } catch (BangerException e) {
            if (e.code() == ErrorCode.HOST_COMMAND_FAILED) {
                return false; // it is not there
            }
            throw e;
        }
    }

    /** @return the archive, as {@code image pull} takes it */
    String build(Builder builder, Path dockerfile, Path context, List<String> options, Path archive) {
        Path id = archive.resolveSibling("id");
        List<String> command = new ArrayList<>(List.of(
                builder.name(), "build", "--tag", LATEST, "--iidfile", id.toString(), "--file", dockerfile.toString()));
        command.addAll(options);
        command.add(context.toString());
        try {
            run(command);
            String image = Files.readString(id).strip();
            List<String> save = new ArrayList<>(List.of(builder.name()));
            builder.save()
                    .forEach(each -> save.add(each.replace("IMAGE", image).replace("ARCHIVE", archive.toString())));
            run(save);
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED, builder.name() + " does not say what it built: " + e, e);
        }
        return builder.archive() + ":" + archive;
    }

    private void run(List<String> command) {
        int status = process.follow(command, console.stderr());
        if (status != 0) {
            throw DockerfileBuild.failed(command.getFirst(), status);
        }
    }
}
