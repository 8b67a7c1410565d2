package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.GuestConnection;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "tcp",
        description = {"Join stdin and stdout to a TCP port of a guest; ssh uses it as its ProxyCommand.", ""})
final class InternalTcpCommand extends Leaf {
    private static final Duration RETRY = Duration.ofMillis(250);
    private static final Duration SAY_AFTER = Duration.ofSeconds(2);

    @Parameters(index = "0", paramLabel = "VM", description = "Name or id.")
    private String vm = "";

    @Parameters(index = "1", paramLabel = "PORT", description = "The guest's port.")
    private int port;

    @Option(names = "--wait", paramLabel = "SECONDS", description = "How long to wait for the port to be listened on.")
    private int wait;

    InternalTcpCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        try (GuestConnection connection = connect()) {
            Thread.ofPlatform()
                    .daemon()
                    .name("to-guest")
                    .start(() -> copyAndClose(console().stdin(), connection.output()));
            copy(connection.input(), console().stdout());
        }
        return 0;
    }

    /** A guest that has just booted listens a little later than its agent answers (P58, P62). */
    private GuestConnection connect() {
        long begun = System.nanoTime();
        long deadline = begun + Duration.ofSeconds(wait).toNanos();
        boolean said = false;
        while (true) {
            try {
                return api().connect(vm, port);
            } catch (BangerException e) {
                long now = System.nanoTime();
                if (e.code() != ErrorCode.GUEST_UNAVAILABLE
                        || now > deadline
                        || Thread.currentThread().isInterrupted()) {
                    throw wait == 0 || e.code() != ErrorCode.GUEST_UNAVAILABLE
                            ? e
                            : new BangerException(
                                    e.code(),
                                    "nothing listens on port " + port + " of the VM after " + wait + " s ("
                                            + e.getMessage() + "); \"banger vm exec\" works without ssh",
                                    e);
                }
                if (!said && now - begun > SAY_AFTER.toNanos() && console().stderrIsTerminal()) {
                    said = true;
                    out().notice("waiting for port " + port + " of the VM");
                }
                LockSupport.parkNanos(RETRY.toNanos());
            }
        }
    }

    private static void copyAndClose(InputStream from, OutputStream to) {
        try (to) {
            copy(from, to);
        } catch (IOException e) {
            return; // the guest's side is closed
        }
    }

    private static void copy(InputStream from, OutputStream to) {
        try {
            from.transferTo(to);
        } catch (IOException e) {
            return; // one side is closed: the connection is over
        }
    }
}
