package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The networks there are; the first is the one of VMs that ask for none. */
public record Networks(List<Network> all) {
    public Networks {
        all = List.copyOf(all);
    }

    /** Of machines that are nobody's: templates, and what is prepared. */
    Network standard() {
        return all.getFirst();
    }

    /** @throws BangerException INVALID_ARGUMENT when there is none of that name */
    Network named(@Nullable String name) {
        if (name == null) {
            return standard();
        }
        return all.stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> BangerException.invalid("there is no network \"" + name + "\"; there are: "
                        + all.stream().map(Network::name).collect(Collectors.joining(", "))));
    }

    Network of(VmRecord vm) {
        return named(vm.spec().network());
    }

    public List<Check> doctor() {
        return all.stream().flatMap(each -> each.doctor().stream()).toList();
    }
}
