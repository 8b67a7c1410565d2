package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.OperationInfo;
import dev.banger.api.TemplateInfo;
import dev.banger.api.VmInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The VMs that {@code bench} or {@code verify} makes: their names begin with a prefix that no other VM has, so that all can be deleted. */
final class ThrowawayVms {
    private final Session session;
    private final BenchRun.Runner runner;
    private final String prefix;
    private final Make make;
    private int named;
    private @Nullable String vmm;
    private @Nullable String acceleration;

    /** What all of them have; null: what a VM has by itself. */
    record Make(
            @Nullable String vmm,
            @Nullable String network,
            @Nullable String kernel) {
        private List<String> options() {
            List<String> options = new ArrayList<>();
            if (vmm != null) {
                options.addAll(List.of("--vmm", vmm));
            }
            if (network != null) {
                options.addAll(List.of("--network", network));
            }
            if (kernel != null) {
                options.addAll(List.of("--kernel", kernel));
            }
            return options;
        }
    }

    ThrowawayVms(Session session, BenchRun.Runner runner, String prefix, Make make) {
        this.session = session;
        this.runner = runner;
        this.prefix = prefix;
        this.make = make;
    }

    Make make() {
        return make;
    }

    /** What ran them; null: none ran. */
    @Nullable
    String vmm() {
        return vmm;
    }

    @Nullable
    String acceleration() {
        return acceleration;
    }

    /** Templates know more of their VMM than VMs do, and come first. */
    void ranBy(TemplateInfo template) {
        vmm = template.vmm();
        acceleration = template.acceleration();
    }

    private VmInfo ran(VmInfo vm) {
        if (vmm == null) {
            vmm = vm.vmm();
            acceleration = vm.acceleration();
        }
        return vm;
    }

    /** A name for the next one. */
    String name() {
        named++;
        return prefix + named;
    }

    Duration client(String... arguments) {
        return runner.run(command(arguments));
    }

    List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(List.of(session.client().toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    /** {@code vm run} of a VM that is gone when its command has ended. */
    Duration run(String name, String... options) {
        List<String> arguments = new ArrayList<>(List.of("vm", "run", "-q", "--rm"));
        arguments.addAll(List.of(options));
        arguments.addAll(make.options());
        arguments.addAll(List.of("--name", name, "--", "true"));
        return client(arguments.toArray(String[]::new));
    }

    VmInfo create(String... options) {
        String name = name();
        List<String> arguments = new ArrayList<>(List.of("vm", "create", "-q"));
        arguments.addAll(List.of(options));
        arguments.addAll(make.options());
        arguments.addAll(List.of("--name", name));
        client(arguments.toArray(String[]::new));
        return ran(session.api().vm(name));
    }

    Stream<OperationInfo> operations(String kind, String target) {
        return session.api().operations().stream()
                .filter(operation ->
                        operation.kind().equals(kind) && operation.target().equals(target));
    }

    /** How one that {@code vm run --rm} has deleted again had started: the operation that made it still knows. */
    VmInfo started(String name) {
        Object made = operations("vm.create", name)
                .findFirst()
                .map(operation ->
                        (Object) session.api().followOperation(operation.id()).await(event -> {}))
                .orElse(null);
        if (!(made instanceof VmInfo vm)) {
            throw BangerException.notFound("the daemon does not know any more how " + name + " started");
        }
        return ran(vm);
    }

    void delete(String vm) {
        session.api().deleteVm(vm).await(event -> {});
    }

    /** Deletes all that are left. Also when the command was cancelled: then the interrupt waits until they are gone. */
    void deleteAll() {
        boolean interrupted = Thread.interrupted();
        try {
            for (VmInfo vm : session.api().vms()) {
                if (vm.name().startsWith(prefix)) {
                    deleteLast(vm);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void deleteLast(VmInfo vm) {
        try {
            delete(vm.id());
        } catch (BangerException e) {
            // Somebody else deleted it: what was wanted has happened.
            if (e.code() != ErrorCode.NOT_FOUND) {
                session.out().notice("warning: could not delete " + vm.name() + ": " + e.getMessage());
            }
        }
    }
}
