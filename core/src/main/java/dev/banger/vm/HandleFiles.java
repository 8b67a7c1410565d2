package dev.banger.vm;

import java.nio.file.Path;

/** Reads and writes {@code handles.json}. */
public interface HandleFiles {
    /** What was found in a VM's directory. */
    sealed interface Found {
        /** The file is there and whole. */
        record Handles(VmHandles handles) implements Found {}

        /** There is none, which is normal. */
        record Missing() implements Found {}

        /** It could not be understood; it was set aside under {@code setAside} and must not guide any action. */
        record Corrupt(Path setAside) implements Found {}
    }

    Found read(Path directory);

    /** Writes atomically. Not flushed: a power cut that takes it takes the process it is about as well. */
    void write(Path directory, VmHandles handles);

    void delete(Path directory);
}
