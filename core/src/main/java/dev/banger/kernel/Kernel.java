package dev.banger.kernel;

import dev.banger.api.ImageProgram;
import dev.banger.export.Content;
import java.nio.file.Path;
import java.time.Instant;

/**
 * A published kernel. Its directory never changes once it is published.
 *
 * @param version the release, as {@code uname -r} prints it
 * @param digest SHA-256 over vmlinux and modules, hex
 * @param dataBytes what it takes up on disk
 * @param vmlinux the uncompressed ELF kernel; it has the PVH entry point, so QEMU starts it without decompression
 * @param modules a read-only squashfs that becomes /lib/modules/VERSION in the guest
 * @param bootModules the modules the initramfs needs: a directory of .ko files with three lists of their names in the order to
 *     load them, {@code modules.load} (before the root is mounted), {@code modules.vsock} (after those, where the VMM has a vsock;
 *     a kernel that was published before there was such a VMM has none) and {@code modules.late} (once the guest runs)
 */
public record Kernel(
        String name,
        String version,
        String digest,
        String source,
        long dataBytes,
        Instant createdAt,
        Path directory,
        Path vmlinux,
        Path modules,
        Path bootModules) {
    /** What an export says of it. */
    Content content() {
        return new Content(Content.Kind.KERNEL, name, digest, source, version, false, 0, dataBytes, ImageProgram.NONE);
    }
}
