package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.VmInfo;
import java.util.LinkedHashSet;
import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A command that takes a moment for each of several VMs; one failure does not stop the others. */
abstract class VmEach extends Leaf {
    @Parameters(paramLabel = "VM", arity = "1..*", description = "Names or ids.")
    private List<String> vms = List.of();

    @Option(
            names = {"-q", "--quiet"},
            description = "No names.")
    private boolean quiet;

    VmEach(Session session) {
        super(session);
    }

    abstract VmInfo change(String ref);

    @Override
    public Integer call() {
        int worst = 0;
        for (String ref : new LinkedHashSet<>(vms)) {
            try {
                VmInfo vm = change(ref);
                if (!quiet) {
                    out().line(vm.name());
                    out().flush();
                }
            } catch (BangerException e) {
                if (e.code() == ErrorCode.CANCELLED) {
                    throw e; // it was meant for the whole command
                }
                worst = failed(e);
            }
        }
        return worst;
    }
}
