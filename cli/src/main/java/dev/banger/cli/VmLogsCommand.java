package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.LogKind;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
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
        try (InputStream log = api().logs(vm, vmm ? LogKind.VMM : LogKind.CONSOLE, follow)) {
            if (console().stdoutIsTerminal()) {
                showHarmless(log);
            } else {
                log.transferTo(console().stdout());
            }
            return 0;
        } catch (IOException e) {
            if (Thread.interrupted()) {
                throw new BangerException(ErrorCode.CANCELLED, "cancelled", e);
            }
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot read the log of " + vm + ": " + e, e);
        }
    }

    private void showHarmless(InputStream log) throws IOException {
        Reader reader = new InputStreamReader(log, StandardCharsets.UTF_8);
        char[] buffer = new char[8192];
        int count;
        while ((count = reader.read(buffer)) >= 0) {
            console().stdout().write(Neutral.text(new String(buffer, 0, count)).getBytes(StandardCharsets.UTF_8));
        }
    }
}
