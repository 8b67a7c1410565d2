package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.network.Cidr;
import dev.banger.network.Egress;
import dev.banger.network.Egress.Destination;

/** What a VM's spec says of what it may reach beyond the host. */
final class NetworkPolicy {
    private static final int LAST_PORT = 65535;

    private NetworkPolicy() {}

    /** @throws BangerException INVALID_ARGUMENT for what is no {@code ADDRESS[/PREFIX][:PORT]} */
    static Egress egress(VmSpec spec) {
        if (!spec.nat()) {
            return new Egress.None();
        }
        return spec.allowHosts().isEmpty()
                ? new Egress.Everything()
                : new Egress.Only(spec.allowHosts().stream()
                        .map(NetworkPolicy::destination)
                        .toList());
    }

    private static Destination destination(String text) {
        int colon = text.indexOf(':');
        String addresses = colon < 0 ? text : text.substring(0, colon);
        String port = colon < 0 ? "0" : text.substring(colon + 1);
        boolean wellFormed = addresses.matches("[0-9.]+(/[0-9]{1,2})?") && port.matches("[0-9]{1,5}");
        if (!wellFormed || Integer.parseInt(port) > LAST_PORT || colon >= 0 && Integer.parseInt(port) == 0) {
            throw BangerException.invalid(
                    "what a VM may reach is ADDRESS[/PREFIX][:PORT], such as 192.0.2.0/24:443, not \"" + text
                            + "\"; names are not resolved yet");
        }
        return new Destination(Cidr.of(addresses), Integer.parseInt(port));
    }
}
