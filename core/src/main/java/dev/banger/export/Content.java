package dev.banger.export;

import dev.banger.api.ImageProgram;
import java.util.Locale;

/**
 * What is known of an image or kernel whose files are exported.
 *
 * @param digest as the image's or kernel's own
 * @param source where it came from, for people
 * @param release of a kernel, as {@code uname -r} prints it; empty for an image
 * @param hasInit of an image
 * @param virtualBytes size of an image's file system
 * @param dataBytes what it takes up
 * @param program what an image says of the program it is made for
 */
public record Content(
        Kind kind,
        String name,
        String digest,
        String source,
        String release,
        boolean hasInit,
        long virtualBytes,
        long dataBytes,
        ImageProgram program) {
    /** What can be exported. */
    public enum Kind {
        IMAGE,
        KERNEL;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
