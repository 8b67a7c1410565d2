package dev.banger.host.rootfs;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageBuild;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.FileCopy;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.Requirement;
import dev.banger.host.linux.RootTree;
import dev.banger.image.RootfsBuilder;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** An image that is a copy of a file with an ext4 file system, of the size that has. It is never mounted on the host. */
public final class Ext4RootfsBuilder implements RootfsBuilder {
    /** s_magic of the superblock, which begins at 1024 (Documentation/filesystems/ext4/super.rst). */
    private static final int MAGIC_AT = 1024 + 0x38;

    private static final short MAGIC = (short) 0xef53;
    private static final Duration LOOKING = Duration.ofMinutes(1);

    private final ProgramRunner programs;

    public Ext4RootfsBuilder(ProgramRunner programs) {
        this.programs = programs;
    }

    @Override
    public String source() {
        return "ext4";
    }

    @Override
    public Built build(ImageBuild request, Path staging, Progress progress) {
        Path file = HostRootfs.path(request);
        if (!Files.isRegularFile(file)) {
            throw BangerException.notFound("there is no file " + file);
        }
        programs.require(List.of(new Requirement("debugfs", "e2fsprogs", "look into a file system")));
        Path rootfs = staging.toAbsolutePath().resolve("rootfs");
        try {
            if (!isExt4(file)) {
                throw BangerException.invalid(file + " has no ext4 file system in it");
            }
            progress.stage("copying " + file.getFileName());
            FileCopy.copy(file, rootfs);
            return new Built("ext4 " + file.getFileName(), hasInit(rootfs), Files.size(rootfs));
        } catch (AccessDeniedException e) {
            throw new BangerException(ErrorCode.PERMISSION_DENIED, file + " cannot be read", e);
        } catch (IOException e) {
            throw DiskFailure.of("cannot copy " + file + " to " + staging, staging, e);
        }
    }

    private static boolean isExt4(Path file) throws IOException {
        ByteBuffer magic = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel channel = FileChannel.open(file)) {
            return channel.read(magic, MAGIC_AT) == 2 && magic.getShort(0) == MAGIC;
        }
    }

    /** By name alone: where a link leads is the guest's business. */
    private boolean hasInit(Path rootfs) {
        return RootTree.INITS.stream()
                .anyMatch(init -> programs.run(Program.of(LOOKING, "debugfs", "-R", "stat /" + init, rootfs.toString()))
                        .text()
                        .contains("Inode:"));
    }
}
