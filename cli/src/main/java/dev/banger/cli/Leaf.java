package dev.banger.cli;

import dev.banger.api.BangerApi;
import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.VmInfo;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A command that does something. */
@Command(sortOptions = false, showDefaultValues = false)
abstract class Leaf implements Callable<Integer> {
    private final Session session;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    private boolean help;

    Leaf(Session session) {
        this.session = session;
    }

    Session session() {
        return session;
    }

    BangerApi api() {
        return session.api();
    }

    Output out() {
        return session.out();
    }

    Console console() {
        return session.console();
    }

    /** Tells why one of several things failed, so that the others get their turn. @return the exit status it asks for */
    int failed(BangerException e) {
        out().error(String.valueOf(e.getMessage()));
        if (!e.detail().isBlank()) {
            out().errorDetail(e.detail());
        }
        return e.code().exitCode();
    }

    /** Deletes a VM that was made for this command, also when that was cancelled: then the interrupt waits until the VM is gone. */
    void delete(VmInfo made) {
        boolean interrupted = Thread.interrupted();
        try {
            api().deleteVm(made.id()).await(event -> {});
        } catch (BangerException e) {
            // Somebody else deleted it: what was wanted has happened.
            if (e.code() != ErrorCode.NOT_FOUND) {
                out().notice("warning: could not delete " + made.name() + ": " + e.getMessage());
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
