package dev.banger.cli;

import dev.banger.api.NatStatus;
import dev.banger.api.VmSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "nat",
        synopsisSubcommandLabel = "COMMAND",
        description = {"A bridged VM's way beyond the host, for scripts: the rules are the daemon's.", ""},
        subcommands = {InternalNatCommand.Up.class, InternalNatCommand.Down.class, InternalNatCommand.Status.class})
final class InternalNatCommand extends Group {

    /** Of {@code vm set --nat} and {@code --no-nat}. */
    private abstract static class Change extends Leaf {
        @Parameters(paramLabel = "VM", description = "Name or id.")
        private String vm = "";

        private final boolean nat;

        Change(Session session, boolean nat) {
            super(session);
            this.nat = nat;
        }

        @Override
        public Integer call() {
            VmSet change = new VmSet(null, null, null, null, null, null, nat, List.of(), null);
            new ProgressView(session(), false).follow(api().setVm(vm, change));
            return 0;
        }
    }

    @Command(
            name = "up",
            description = {"Let it reach everything beyond the host, as vm set --nat does. Twice is once.", ""})
    static final class Up extends Change {
        Up(Session session) {
            super(session, true);
        }
    }

    @Command(
            name = "down",
            description = {"Let it reach nothing beyond the host, as vm set --no-nat does. Twice is once.", ""})
    static final class Down extends Change {
        Down(Session session) {
            super(session, false);
        }
    }

    @Command(
            name = "status",
            description = {
                "Say whether it has NAT, by which link, and whether the rules are in place.",
                "",
                "The exit status is 0 when NAT is on, has an uplink and the rules are in place; otherwise 1.",
                ""
            })
    static final class Status extends Leaf {
        @Parameters(paramLabel = "VM", description = "Name or id.")
        private String vm = "";

        Status(Session session) {
            super(session);
        }

        @Override
        public Integer call() {
            NatStatus status = api().natStatus(vm);
            @Nullable String uplink = status.uplink();
            out().facts(List.of(
                    List.of("nat", status.nat() ? "on" : "off"),
                    List.of("uplink", uplink == null ? "-" : uplink),
                    List.of("rules", status.rulesInPlace() ? "in place" : "not in place")));
            return status.nat() && uplink != null && status.rulesInPlace() ? 0 : 1;
        }
    }
}
