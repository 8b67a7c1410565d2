package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.LogKind;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "logs",
        description = {"Print a VM's serial console: its kernel, its init. The last 1 MiB is kept.", ""})
final class VmLogsCommand extends Leaf {
    @Parameters(paramLabel = "VM", description = "Name or id.")
    private String vm = "";

    @Option(
            names = {"-f", "--follow"},
            description = "Go on until the VM stops.")
    private boolean follow;

    @Option(names = "--vmm", description = "What the VMM itself said instead.")
    private boolean vmm;

    VmLogsCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        OutputStream to = console().stdout();
        byte[] buffer = new byte[8192];
        try (InputStream log = api().logs(vm, vmm ? LogKind.VMM : LogKind.CONSOLE, follow)) {
            int count;
            while ((count = log.read(buffer)) >= 0) {
                int length = console().stdoutIsTerminal() ? Neutral.bytes(buffer, count) : count;
                to.write(buffer, 0, length);
            }
            return 0;
        } catch (IOException e) {
            if (Thread.interrupted()) {
                throw new BangerException(ErrorCode.CANCELLED, "cancelled", e);
            }
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot read the log of " + vm + ": " + e, e);
        }
    }
}
