package dev.banger.host.rootfs;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageBuild;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.Ext4;
import dev.banger.host.linux.Ext4Files;
import dev.banger.host.linux.FileCopy;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.image.RootfsBuilder;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** An image from a file that holds an ext4 file system and nothing else, which is copied. */
public final class Ext4RootfsBuilder implements RootfsBuilder {
    private final ProgramRunner programs;

    public Ext4RootfsBuilder(ProgramRunner programs) {
        this.programs = programs;
    }

    @Override
    public String source() {
        return "ext4";
    }

    @Override
    public List<Lack> lacks(ImageBuild request) {
        return programs.lacks(List.of(Ext4.checkRequirement()));
    }

    @Override
    public Built build(ImageBuild request, Path staging, Progress progress) {
        Path file = HostRootfs.path(request);
        if (!Files.isRegularFile(file)) {
            throw BangerException.notFound("there is no file " + file);
        }
        if (!Files.isReadable(file)) {
            throw new BangerException(ErrorCode.PERMISSION_DENIED, file + " cannot be read");
        }
        Lack.refuse("make an image of " + file, lacks(request));
        Path rootfs = staging.resolve("rootfs");
        try {
            if (!Ext4Files.isOne(file)) {
                throw BangerException.invalid(
                        file + " holds no ext4 file system; one of a partition is wanted, not a disk");
            }
            progress.stage("copying " + file.getFileName());
            FileCopy.copy(file, rootfs);
            progress.stage("checking the file system");
            new Ext4(programs).check(rootfs);
            try (Ext4Files files = Ext4Files.open(rootfs)) {
                return new Built("ext4 " + file.getFileName(), files.hasInit(), Files.size(rootfs));
            }
        } catch (IOException e) {
            throw DiskFailure.of("cannot take " + file, staging, e);
        }
    }
}
