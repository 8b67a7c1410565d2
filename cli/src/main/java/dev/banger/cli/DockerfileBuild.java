package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import dev.banger.api.ImageBuild;
import dev.banger.api.VmCreate;
import dev.banger.api.VmInfo;
import dev.banger.api.VmNetwork;
import dev.banger.api.WaitFor;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Builds what a Dockerfile says into an archive that {@code image pull} reads: with a builder of this host, which has the user's cache and
 * logins, or with buildah in a VM of its own, which needs nothing of the host. What a build says goes to stderr.
 */
final class DockerfileBuild {
    /** The image of VMs that build; made when it is first needed. */
    static final String BUILDER = "banger-builder";

    static final String IN_A_VM = "vm";
    private static final List<String> PACKAGES = List.of("buildah", "ca-certificates");
    private static final long MEMORY_MIB = 1024;
    private static final String ARCHIVE = "image.tar";

    /** Without a container of its own around each step: the VM is that. */
    private static final String BUILD = """
            exec 1>&2
            cd /root/context || exit 125
            buildah build --isolation chroot --tag image "$@" . && buildah push --quiet image oci-archive:/root/image.tar""";

    private final Session session;
    private final Consumer<VmInfo> delete;
    private final HostBuilders builders;
    private final Request request;

    /**
     * What to build.
     *
     * @param dockerfile a file anywhere
     * @param context the directory that its COPY instructions see
     * @param target the stage to stop at; null: the last
     * @param arguments values of its ARG instructions, as {@code NAME=VALUE}
     * @param with {@code buildah}, {@code podman}, {@code docker} or {@link #IN_A_VM}; null: the first of these that works
     * @param nat whether the VM is at the bridge, with NAT
     */
    record Request(
            Path dockerfile,
            Path context,
            @Nullable String target,
            List<String> arguments,
            @Nullable String with,
            boolean nat) {
        Request {
            if (!Files.isRegularFile(dockerfile)) {
                throw BangerException.notFound("there is no " + dockerfile);
            }
            if (!Files.isDirectory(context)) {
                throw BangerException.notFound("there is no directory " + context);
            }
            for (String argument : arguments) {
                if (argument.indexOf('=') <= 0) {
                    throw BangerException.invalid("\"--build-arg " + argument + "\" is not NAME=VALUE");
                }
            }
            arguments = List.copyOf(arguments);
        }

        private List<String> options() {
            List<String> options = new ArrayList<>();
            if (target != null) {
                options.addAll(List.of("--target", target));
            }
            arguments.forEach(argument -> options.addAll(List.of("--build-arg", argument)));
            return options;
        }
    }

    /** {@code delete} deletes a VM that was made for this, whatever happens. */
    DockerfileBuild(Session session, Consumer<VmInfo> delete, Request request) {
        this.session = session;
        this.delete = delete;
        this.request = request;
        builders = new HostBuilders(session.console());
    }

    /**
     * Builds into {@code directory}. @return the archive, as {@code image pull} takes it
     *
     * @throws BangerException HOST_COMMAND_FAILED when the build fails, which has said why; PRECONDITION_FAILED when the builder that the
     *     request names does not work here
     */
    String into(Path directory) {
        Path archive = directory.resolve(ARCHIVE);
        Optional<HostBuilders.Builder> builder =
                IN_A_VM.equals(request.with()) ? Optional.empty() : builders.choose(request.with());
        session.out()
                .notice("building with "
                        + builder.map(HostBuilders.Builder::name).orElse("buildah in a VM"));
        if (builder.isPresent()) {
            return builders.build(builder.get(), request.dockerfile(), request.context(), request.options(), archive);
        }
        inVm(archive);
        return "oci-archive:" + archive;
    }

    private void inVm(Path archive) {
        new ProgressView(session, false)
                .follow(session.api().buildImage(new ImageBuild(BUILDER, "debian", null, PACKAGES, false)));
        VmInfo made = new ProgressView(session, false).follow(session.api().createVm(vm()));
        try {
            Transfer transfer = new Transfer(session.api());
            transfer.upload(request.context(), made.id(), "/root", "context");
            transfer.upload(request.dockerfile(), made.id(), "/root", "Dockerfile");
            List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", BUILD, "sh", "--file", "/root/Dockerfile"));
            command.addAll(request.options());
            ExecSession build = session.api().exec(made.id(), new ExecRequest(command, Map.of(), "/", null, null));
            int status = new Attachment(session.console()).join(build, false, InputStream.nullInputStream());
            if (status != 0) {
                throw failed("buildah", status);
            }
            transfer.download(made.id(), "/root/" + ARCHIVE, archive, false);
        } finally {
            delete.accept(made);
        }
    }

    private VmCreate vm() {
        return new VmCreate(
                null,
                BUILDER,
                null,
                null,
                MEMORY_MIB,
                null,
                null,
                List.of(),
                true,
                false,
                null,
                true,
                WaitFor.AGENT,
                request.nat() ? new VmNetwork(null, true, List.of(), 0) : null,
                false,
                null,
                null,
                null);
    }

    static BangerException failed(String builder, int status) {
        return new BangerException(
                ErrorCode.HOST_COMMAND_FAILED,
                "the build failed: " + builder + " ended with status " + status + "; no image was made");
    }
}
