package dev.banger.cli;

import dev.banger.api.GuestConnection;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "tcp",
        description = {"Join stdin and stdout to a TCP port of a guest; ssh uses it as its ProxyCommand.", ""})
final class InternalTcpCommand extends Leaf {
    @Parameters(index = "0", paramLabel = "VM", description = "Name or id.")
    private String vm = "";

    @Parameters(index = "1", paramLabel = "PORT", description = "The guest's port.")
    private int port;

    InternalTcpCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        try (GuestConnection connection = api().connect(vm, port)) {
            Thread.ofVirtual()
                    .name("to-guest")
                    .start(() -> copyAndClose(console().stdin(), connection.output()));
            copy(connection.input(), console().stdout());
        }
        return 0;
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
