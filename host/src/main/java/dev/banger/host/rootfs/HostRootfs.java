package dev.banger.host.rootfs;

import dev.banger.api.BangerException;
import dev.banger.api.ImageBuild;
import dev.banger.host.linux.Ext4;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.Requirement;
import dev.banger.host.linux.RootTree;
import dev.banger.host.linux.UserNamespace;
import dev.banger.image.RootfsBuilder;
import dev.banger.operation.Lack;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What an image made from something on the host has in common, whatever it is made from. */
final class HostRootfs {
    private static final long USUAL_BYTES = 10L * 1024 * 1024 * 1024;

    private HostRootfs() {}

    static Path path(ImageBuild request) {
        String path = request.path();
        if (path == null || path.isBlank()) {
            throw BangerException.invalid("an image from a " + request.source() + " needs its path");
        }
        if (!request.packages().isEmpty()) {
            throw BangerException.invalid(
                    "packages can be added to Debian images only, not to an image from a " + request.source());
        }
        return Path.of(path).toAbsolutePath().normalize();
    }

    /** Puts the tree into staging's rootfs, with room to grow. */
    static RootfsBuilder.Built build(RootTree tree, Path staging, String source) {
        long bytes = Math.max(USUAL_BYTES, roundUp(2 * tree.bytes()));
        tree.intoExt4(staging.toAbsolutePath().resolve("rootfs"), bytes, "banger-root");
        return new RootfsBuilder.Built(source, tree.hasInit(), bytes);
    }

    static List<Lack> lacks(ProgramRunner programs, UserNamespace namespace, Requirement... others) {
        List<Requirement> requirements = new ArrayList<>(List.of(others));
        requirements.add(Ext4.requirement());
        List<Lack> all = new ArrayList<>(programs.lacks(requirements));
        all.addAll(namespace.lacks());
        return all;
    }

    private static long roundUp(long bytes) {
        long gibibyte = 1L << 30;
        return (bytes + gibibyte - 1) / gibibyte * gibibyte;
    }
}
