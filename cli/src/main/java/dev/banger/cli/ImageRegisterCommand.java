package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageBuild;
import dev.banger.api.ImageInfo;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "register",
        description = {
            "Make an image of a root file system that is there: a directory, a tar, or a file with an ext4 file system.",
            "",
            "It is copied; what it is made of is only read, and may change or go afterwards.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger image register mine --rootfs root.ext4",
            "  banger image register mine --rootfs ./rootfs --replace",
            "Next: banger vm run --image NAME."
        })
final class ImageRegisterCommand extends Leaf {
    private static final int EXT4_MAGIC_AT = 1024 + 0x38;

    @Parameters(paramLabel = "NAME", description = "The image's name.")
    private String name = "";

    @Option(names = "--rootfs", required = true, paramLabel = "PATH", description = "The file or directory.")
    private String rootfs = "";

    @Option(names = "--replace", description = "Also if there is an image NAME; VMs keep the one they have.")
    private boolean replace;

    @Option(names = "--json", description = "Print the image as JSON instead of its name.")
    private boolean json;

    ImageRegisterCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        Path path = console().directory().resolve(rootfs).normalize();
        if (!replace && api().images().stream().anyMatch(image -> image.name().equals(name))) {
            throw new BangerException(
                    ErrorCode.ALREADY_EXISTS,
                    "there is an image " + name + "; choose another name, or replace it with --replace");
        }
        ImageInfo made = new ProgressView(session(), false)
                .follow(api().buildImage(new ImageBuild(name, kind(path), path.toString(), List.of(), replace)));
        if (json) {
            out().json(ImageInfo.class, made);
        } else {
            out().line(made.name());
        }
        return 0;
    }

    private static String kind(Path path) {
        if (Files.isDirectory(path)) {
            return "directory";
        }
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
            if (file.length() > EXT4_MAGIC_AT + 1) {
                file.seek(EXT4_MAGIC_AT);
                return file.readUnsignedShort() == 0x53ef ? "ext4" : "tar"; // 0xef53, the lower byte first
            }
            return "tar";
        } catch (IOException e) {
            throw BangerException.notFound("cannot read " + path + ": " + e.getMessage());
        }
    }
}
