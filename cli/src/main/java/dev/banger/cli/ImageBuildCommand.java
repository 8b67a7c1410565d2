package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ImageBuild;
import dev.banger.api.ImageInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "build",
        description = {
            "Build an image; prints its name. One of that name that is there already is kept unless --refresh.",
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
            "Next: banger vm run --image NAME."
        })
final class ImageBuildCommand extends Leaf {
    @Parameters(
            paramLabel = "SOURCE",
            description = "debian (from Debian's packages), tar, directory, or ext4 (a file system).")
    private String source = "";

    @Option(names = "--name", paramLabel = "NAME", description = "The image's name; default: the source's.")
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
        String absolute = path == null
                ? null
                : console().directory().resolve(path).normalize().toString();
        if (absolute == null && !source.equals("debian")) {
            throw BangerException.invalid("say where the root file system is: --path PATH");
        }
        ImageInfo built = new ProgressView(session(), false)
                .follow(api().buildImage(new ImageBuild(name, source, absolute, packages, refresh)));
        if (json) {
            out().json(ImageInfo.class, built);
        } else {
            out().line(built.name());
        }
        return 0;
    }
}
