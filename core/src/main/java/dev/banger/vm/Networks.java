package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The networks there are; the first is the one of VMs that ask for none. Thread-safe. */
public final class Networks {
    private final List<Network> networks;

    /** {@code builtIn}: those that are always there, at least one. */
    public Networks(List<Network> builtIn) {
        networks = new CopyOnWriteArrayList<>(builtIn);
    }

    public List<Network> all() {
        return List.copyOf(networks);
    }

    void add(Network network) {
        networks.add(network);
    }

    void remove(Network network) {
        networks.remove(network);
    }

    /** Of machines that are nobody's: templates, and what is prepared. */
    Network standard() {
        return networks.getFirst();
    }

    /** @throws BangerException INVALID_ARGUMENT when there is none of that name */
    Network named(@Nullable String name) {
        if (name == null) {
            return standard();
        }
        return networks.stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> BangerException.invalid("there is no network \"" + name + "\"; there are: "
                        + networks.stream().map(Network::name).collect(Collectors.joining(", "))
                        + "; \"banger network create " + name + "\" makes one"));
    }

    Network of(VmRecord vm) {
        return named(vm.spec().network());
    }

    public List<Check> doctor() {
        return networks.stream().flatMap(each -> each.doctor().stream()).toList();
    }
}
