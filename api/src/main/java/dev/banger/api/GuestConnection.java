package dev.banger.api;

import java.io.InputStream;
import java.io.OutputStream;

/** A TCP connection that starts inside the guest. Closing {@link #output()} is a half-close. */
public interface GuestConnection extends AutoCloseable {
    InputStream input();

    OutputStream output();

    @Override
    void close();
}
