package dev.banger.host.export;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Where an export is written to. Thread-safe. */
interface Sink {
    /** Writes a blob, all of the buffer, unless it is there already. @return whether it was written */
    boolean blob(String digest, ByteBuffer bytes) throws IOException;
}
