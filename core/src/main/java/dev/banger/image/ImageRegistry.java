package dev.banger.image;

import dev.banger.api.CachedLayer;
import dev.banger.api.ImagePull;
import dev.banger.operation.Progress;
import java.nio.file.Path;
import java.util.List;

/** Where container images are pulled from. Thread-safe. */
public interface ImageRegistry {
    /** What an image of that reference is called if nobody says otherwise. Fails on one that is none. */
    String name(String reference);

    /**
     * Makes a root file system of an image, in {@code staging} as a {@link RootfsBuilder} does. What was fetched stays in a
     * cache, also when the pull fails or is cancelled. Interruptible.
     */
    RootfsBuilder.Built pull(ImagePull request, Path staging, Progress progress);

    /** The cache, what was used last first. */
    List<CachedLayer> cached();

    /** Empties the cache but for what a pull is using now. @return what was removed */
    List<CachedLayer> prune();
}
