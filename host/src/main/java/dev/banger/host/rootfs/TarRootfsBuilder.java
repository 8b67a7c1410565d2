package dev.banger.host.rootfs;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageBuild;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.Requirement;
import dev.banger.host.linux.RootTree;
import dev.banger.host.linux.UserNamespace;
import dev.banger.image.RootfsBuilder;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * An image from a root file system in a tar, compressed or not. Owners, modes and extended attributes survive also
 * without root, because a user namespace is where it is unpacked (P12): no file's name or mode passes through debugfs, whose
 * command language cannot quote every name (P14) and whose modes lose the file's type (P13). Names that would lead out
 * of the tree GNU tar refuses or makes relative. Device nodes are left out: an ordinary user cannot make them, and the
 * guest's /dev is the kernel's.
 */
public final class TarRootfsBuilder implements RootfsBuilder {
    private static final Duration UNPACKING = Duration.ofMinutes(30);

    private final ProgramRunner programs;
    private final UserNamespace namespace;

    public TarRootfsBuilder(ProgramRunner programs, UserNamespace namespace) {
        this.programs = programs;
        this.namespace = namespace;
    }

    @Override
    public String source() {
        return "tar";
    }

    @Override
    public List<Lack> lacks(ImageBuild request) {
        return HostRootfs.lacks(programs, namespace, new Requirement("tar", "unpack the root file system"));
    }

    @Override
    public Built build(ImageBuild request, Path staging, Progress progress) {
        Path tar = HostRootfs.path(request);
        if (!Files.isRegularFile(tar)) {
            throw BangerException.notFound("there is no file " + tar);
        }
        if (!Files.isReadable(tar)) {
            throw new BangerException(ErrorCode.PERMISSION_DENIED, tar + " cannot be read");
        }
        Lack.refuse("make an image of " + tar, lacks(request));
        Path directory = staging.toAbsolutePath().resolve("root");
        try (RootTree tree = new RootTree(programs, namespace, directory)) {
            Files.createDirectory(directory);
            progress.stage("unpacking " + tar.getFileName());
            tree.run(Program.of(
                    UNPACKING,
                    "tar",
                    "--extract",
                    "--file=" + tar,
                    // A colon in the name is not a host.
                    "--force-local",
                    "--directory=" + directory,
                    "--numeric-owner",
                    "--same-owner",
                    "--preserve-permissions",
                    "--xattrs",
                    "--xattrs-include=*",
                    "--anchored",
                    "--exclude=dev/*",
                    "--exclude=./dev/*"));
            progress.stage("making the file system");
            return HostRootfs.build(tree, staging, "tar " + tar.getFileName());
        } catch (IOException e) {
            throw DiskFailure.of("cannot unpack " + tar + " in " + staging, staging, e);
        }
    }
}
