package dev.banger.host.guest;

import dev.banger.api.GuestConnection;
import java.io.InputStream;
import java.io.OutputStream;

/** A TCP connection made inside a guest. */
final class AgentTcp implements GuestConnection {
    private final AgentStream stream;

    AgentTcp(AgentStream stream) {
        this.stream = stream;
    }

    @Override
    public InputStream input() {
        return stream.stdout();
    }

    @Override
    public OutputStream output() {
        return stream.stdin();
    }

    @Override
    public void close() {
        stream.cancel();
    }
}
