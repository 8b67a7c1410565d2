package dev.banger.image;

import dev.banger.api.ImageBuild;
import dev.banger.api.ImageProgram;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes a root file system from one kind of source. */
public interface RootfsBuilder {
    /** The {@link ImageBuild#source()} it handles: {@code debian}, {@code tar}, {@code directory}. */
    String source();

    /** What this host lacks to build that. Looks, changes nothing. */
    List<Lack> lacks(ImageBuild request);

    /**
     * Builds into {@code staging}, an empty directory of mode 0700 that the caller removes on failure. Leaves there
     * {@code rootfs}, a sparse raw ext4 file, and nothing else. Fails before it begins where this host lacks something.
     * Interruptible.
     */
    Built build(ImageBuild request, Path staging, Progress progress);

    /**
     * What was built.
     *
     * @param source for people: {@code debian bookworm, 143 packages}
     * @param program of an image that is made for one
     * @param measured of a rootfs whose maker has read all of it already; null: whoever publishes it does
     */
    record Built(
            String source,
            boolean hasInit,
            long virtualBytes,
            ImageProgram program,
            @Nullable Measured measured) {
        public Built(String source, boolean hasInit, long virtualBytes, ImageProgram program) {
            this(source, hasInit, virtualBytes, program, null);
        }

        public Built(String source, boolean hasInit, long virtualBytes) {
            this(source, hasInit, virtualBytes, ImageProgram.NONE);
        }
    }

    /** A rootfs by its content, as {@link Image#digest()} and {@link Image#dataBytes()}. */
    record Measured(String digest, long dataBytes) {}
}
