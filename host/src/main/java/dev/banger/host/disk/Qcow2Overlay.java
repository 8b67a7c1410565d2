package dev.banger.host.disk;

import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.PublishedFile;
import dev.banger.image.Image;
import dev.banger.vm.RootDisks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Root disks as qcow2 files above the image. Making one takes less than a millisecond: no program runs and nothing is
 * flushed, because a file that a power cut takes away holds nothing yet.
 */
public final class Qcow2Overlay implements RootDisks {
    @Override
    public Disk prepare(Image image, Path file) {
        try {
            if (Files.notExists(file) || Qcow2.neverReachedTheDisk(file)) {
                long bytes = Files.size(image.rootfs());
                PublishedFile.publish(file, unfinished -> Qcow2.writeOverlay(unfinished, image.rootfs(), bytes));
            } else {
                // Fails for a file that is no qcow2 file any more, before a VMM is started on it.
                Qcow2.virtualBytes(file);
            }
        } catch (IOException e) {
            throw DiskFailure.of("cannot make the root disk " + file + " on " + image.rootfs(), file, e);
        }
        return new Disk(file, "qcow2", "root", false);
    }
}
