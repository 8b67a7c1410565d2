package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageBuild;
import dev.banger.api.ImageInfo;
import dev.banger.api.ImageName;
import dev.banger.api.ImagePull;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "build",
        description = {
            "Build an image; prints its name. One of that name that is there already is kept unless --refresh.",
            "",
            "With --file, of a Dockerfile: by the buildah, podman or docker of this host, the first that works, or else by buildah in a",
            "VM that is made for it. The image has the entrypoint, command and environment that the Dockerfile says.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger image build debian --refresh",
            "  banger image build debian --name build-box --package build-essential --package cmake",
            "  banger image build tar --name mine --path root.tar",
            "  banger image build directory --name mine --path ./rootfs",
            "  banger image build ext4 --name mine --path rootfs.ext4",
            "  banger image build -f Dockerfile . --name app --build-arg VERSION=1.2",
            "Next: banger vm run --image NAME."
        })
final class ImageBuildCommand extends Leaf {
    @Parameters(
            paramLabel = "SOURCE",
            description =
                    "debian (from Debian's packages), tar, directory, or ext4 (a file system); with --file the directory that COPY sees.")
    private String source = "";

    @Option(
            names = {"-f", "--file"},
            paramLabel = "DOCKERFILE",
            description = "Build what this Dockerfile says.")
    private @Nullable String file;

    @Option(
            names = "--target",
            paramLabel = "STAGE",
            description = "With --file: the stage to stop at; default: the last.")
    private @Nullable String target;

    @Option(
            names = "--build-arg",
            paramLabel = "NAME=VALUE",
            description = "With --file: the value of an ARG; may be repeated.")
    private List<String> arguments = List.of();

    @Option(
            names = "--with",
            paramLabel = "BUILDER",
            description = "With --file: buildah, podman, docker, or vm; default: the first that works.")
    private @Nullable String with;

    @Option(names = "--nat", description = "With --file: put the VM at the bridge, with NAT (root).")
    private boolean nat;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "The image's name; default: the source's, with --file the directory's.")
    private @Nullable String name;

    @Option(names = "--path", paramLabel = "PATH", description = "The file or directory to take.")
    private @Nullable String path;

    @Option(names = "--package", paramLabel = "PACKAGE", description = "One more Debian package; may be repeated.")
    private List<String> packages = List.of();

    @Option(names = "--refresh", description = "Build even if there is one of that name; VMs keep the one they have.")
    private boolean refresh;

    @Option(names = "--json", description = "Print the image as JSON instead.")
    private boolean json;

    ImageBuildCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        print(file == null ? build() : buildDockerfile(file));
        return 0;
    }

    private void print(ImageInfo built) {
        if (json) {
            out().json(ImageInfo.class, built);
        } else {
            out().line(built.name());
        }
    }

    private ImageInfo build() {
        if (target != null || !arguments.isEmpty() || with != null || nat) {
            throw BangerException.invalid(
                    "--target, --build-arg, --with and --nat are about a Dockerfile: --file DOCKERFILE");
        }
        String absolute = path == null
                ? null
                : console().directory().resolve(path).normalize().toString();
        if (absolute == null && !source.equals("debian")) {
            throw BangerException.invalid("say where the root file system is: --path PATH");
        }
        return new ProgressView(session(), false)
                .follow(api().buildImage(new ImageBuild(name, source, absolute, packages, refresh)));
    }

    private static void clear(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path each : files) {
                Files.delete(each);
            }
        }
        Files.delete(directory);
    }

    private ImageInfo buildDockerfile(String file) {
        if (path != null || !packages.isEmpty()) {
            throw BangerException.invalid(
                    "a Dockerfile says itself what it takes: --path and --package do not go with --file");
        }
        Path context = console().directory().resolve(source).normalize();
        Path dockerfile = console().directory().resolve(file).normalize();
        DockerfileBuild build = new DockerfileBuild(
                session(),
                this::delete,
                new DockerfileBuild.Request(dockerfile, context, target, arguments, with, nat));
        String image = ImageName.check(name == null ? String.valueOf(context.getFileName()) : name);
        Optional<ImageInfo> there = api().images().stream()
                .filter(each -> each.name().equals(image))
                .findFirst();
        if (there.isPresent() && !refresh) {
            return there.get();
        }
        try {
            Path directory = Files.createTempDirectory("banger-build");
            try {
                String archive = build.into(directory);
                return new ProgressView(session(), false)
                        .follow(api().pullImage(new ImagePull(archive, image, true, false, null, null)));
            } finally {
                clear(directory);
            }
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot keep what is built: " + e, e);
        }
    }
}
