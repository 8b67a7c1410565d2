package dev.banger.host.guest;

import dev.banger.api.ExecSession;
import dev.banger.api.TerminalSize;
import dev.banger.frame.Frame;
import java.io.InputStream;
import java.io.OutputStream;

/** A program running in a guest. */
final class AgentSession implements ExecSession {
    private final AgentStream stream;

    AgentSession(AgentStream stream) {
        this.stream = stream;
    }

    @Override
    public OutputStream stdin() {
        return stream.stdin();
    }

    @Override
    public InputStream stdout() {
        return stream.stdout();
    }

    @Override
    public InputStream stderr() {
        return stream.stderr();
    }

    @Override
    public void resize(TerminalSize size) {
        stream.send(Frame.resize(stream.channel(), size.rows(), size.columns()));
    }

    @Override
    public void signal(int signal) {
        stream.send(Frame.signal(stream.channel(), signal));
    }

    @Override
    public int await() {
        return stream.await();
    }

    @Override
    public void close() {
        stream.cancel();
    }
}
