package dev.banger.host.disk;

import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.PublishedFile;
import dev.banger.image.Image;
import dev.banger.vm.RootDisks.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Root disks as qcow2 files above the image. Making one takes less than a millisecond: no program runs and nothing is
 * flushed.
 */
final class Qcow2Overlay {
    Disk prepare(Image image, Path file) {
        try {
            if (Files.notExists(file) || Qcow2.neverReachedTheDisk(file)) {
                long bytes = Files.size(image.rootfs());
                PublishedFile.publishUnflushed(
                        file, unfinished -> Qcow2.writeOverlay(unfinished, image.rootfs(), "raw", bytes));
            } else {
                // Fails for a file that is no qcow2 file any more, before a VMM is started on it.
                Qcow2.virtualBytes(file);
            }
        } catch (IOException e) {
            throw DiskFailure.of("cannot make the root disk " + file + " on " + image.rootfs(), file, e);
        }
        return new Disk(file, "qcow2", "root", false);
    }

    void copy(Path from, Image image, Path file) {
        try {
            Files.copy(from, file);
            Qcow2.rebase(file, image.rootfs()); // the image may lie elsewhere than when it was written
        } catch (IOException e) {
            throw DiskFailure.of("cannot copy the disk " + from + " to " + file, file, e);
        }
    }

    void overlay(Path content, Path base, Path file) {
        try {
            Qcow2.writeOverlay(file, base, "qcow2", Qcow2.virtualBytes(content));
        } catch (IOException e) {
            throw DiskFailure.of("cannot make the disk " + file + " on " + base, file, e);
        }
    }
}
