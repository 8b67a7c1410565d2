package dev.banger.image;

import dev.banger.api.ImageBuild;
import dev.banger.api.ImageProgram;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import java.nio.file.Path;
import java.util.List;

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
     */
    record Built(String source, boolean hasInit, long virtualBytes, ImageProgram program) {
        public Built(String source, boolean hasInit, long virtualBytes) {
            this(source, hasInit, virtualBytes, ImageProgram.NONE);
        }
    }
}
