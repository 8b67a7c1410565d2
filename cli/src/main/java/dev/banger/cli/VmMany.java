package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.Operation;
import dev.banger.api.VmInfo;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A command on several VMs at once: all begin, then each end is told; one failure does not stop the others (P36). */
abstract class VmMany extends Leaf {
    @Parameters(paramLabel = "VM", arity = "1..*", description = "Names or ids.")
    private List<String> vms = List.of();

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress, no names.")
    private boolean quiet;

    VmMany(Session session) {
        super(session);
    }

    abstract Operation<VmInfo> begin(String ref);

    @Override
    public Integer call() {
        record Begun(String ref, Operation<VmInfo> operation) {}
        int worst = 0;
        boolean cancelled = false;
        List<Begun> begun = new ArrayList<>();
        for (String ref : new LinkedHashSet<>(vms)) {
            try {
                begun.add(new Begun(ref, begin(ref)));
            } catch (BangerException e) {
                worst = failed(e);
            }
        }
        ProgressView view = new ProgressView(session(), quiet);
        for (Begun each : begun) {
            try {
                VmInfo vm = view.follow(each.operation());
                if (!quiet) {
                    out().line(vm.name());
                    out().flush();
                }
            } catch (BangerException e) {
                worst = failed(e);
                if (e.code() == ErrorCode.CANCELLED && !cancelled) {
                    cancelled = true;
                    begun.forEach(other -> other.operation().cancel());
                }
            }
        }
        return worst;
    }
}
