package dev.banger.host.rootfs;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageBuild;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.RootTree;
import dev.banger.host.linux.UserNamespace;
import dev.banger.image.RootfsBuilder;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * An image from a root file system in a directory, which is only read. What belongs to an ordinary user who builds it
 * belongs to root in the image, as in a container that a user builds.
 */
public final class DirectoryRootfsBuilder implements RootfsBuilder {
    private static final Duration SEARCH = Duration.ofMinutes(5);

    private final ProgramRunner programs;
    private final UserNamespace namespace;

    public DirectoryRootfsBuilder(ProgramRunner programs, UserNamespace namespace) {
        this.programs = programs;
        this.namespace = namespace;
    }

    @Override
    public String source() {
        return "directory";
    }

    @Override
    public List<Lack> lacks(ImageBuild request) {
        return HostRootfs.lacks(programs, namespace);
    }

    @Override
    public Built build(ImageBuild request, Path staging, Progress progress) {
        Path directory = HostRootfs.path(request);
        if (!Files.isDirectory(directory)) {
            throw BangerException.notFound("there is no directory " + directory);
        }
        Lack.refuse("make an image of " + directory, lacks(request));
        // Not closed: closing a tree removes it, and this one is the user's.
        RootTree tree = new RootTree(programs, namespace, directory);
        refuseForeignFiles(tree);
        progress.stage("making the file system");
        return HostRootfs.build(tree, staging, "directory " + directory.getFileName());
    }

    /** Files of users whom the namespace does not know would become nobody's, and the image's root could not use them. */
    private void refuseForeignFiles(RootTree tree) {
        if (namespace.root()) {
            return;
        }
        String foreign = tree.run(Program.of(
                        SEARCH, "find", tree.directory().toString(), "-xdev", "-uid", "65534", "-print", "-quit"))
                .text();
        if (!foreign.isEmpty()) {
            throw new BangerException(
                    ErrorCode.PERMISSION_DENIED,
                    foreign + " belongs to another user, whom an image that you build cannot represent\n"
                            + "build it as root, or make a tar of the directory (as root) and build from that");
        }
    }
}
