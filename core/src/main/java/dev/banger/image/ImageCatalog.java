package dev.banger.image;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The images on disk. Only whole ones are ever seen: they appear by rename. Thread-safe. */
public interface ImageCatalog {
    /** The image that a name stands for now. */
    Optional<Image> find(String name);

    /** One build of an image, also one whose name has moved on to a newer build. */
    Optional<Image> find(String name, String digest);

    /** What each name stands for, sorted by name. */
    List<Image> all();

    /** A fresh directory to build in, on the file system where images lie. */
    Path stage();

    /** Makes what was built in {@code staging} the image of that name, durably. */
    Image publish(Path staging, String name, RootfsBuilder.Built built);

    /** Makes a name stand for what is in an image of another name, without a copy, durably. */
    Image promote(Image image, String name);

    /** Removes a directory from {@link #stage}, published or not. Idempotent. */
    void discard(Path staging);

    /** Removes one build; the name goes with it if it stands for that build. */
    void delete(Image image);

    /** Builds that no name stands for any more. */
    List<Image> superseded();
}
