package dev.banger.host.oci;

import java.io.IOException;
import java.io.InputStream;

/** Where an image comes from. Whoever opens one closes it. */
interface ImageSource extends AutoCloseable {
    Contents contents();

    /** A layer's blob, whose digest has been compared; waits for it if it is on its way. */
    InputStream layer(int index) throws IOException;

    @Override
    void close();
}
