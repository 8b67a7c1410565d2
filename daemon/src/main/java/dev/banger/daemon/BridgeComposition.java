package dev.banger.daemon;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.config.Key;
import dev.banger.config.Places;
import dev.banger.config.Settings;
import dev.banger.host.bridge.IpLinks;
import dev.banger.host.firewall.FirewallChoice;
import dev.banger.host.linux.ProcFs;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.network.BridgeServices;
import dev.banger.network.BridgeSettings;
import dev.banger.network.Cidr;
import dev.banger.network.HomeId;
import dev.banger.network.HostNetwork;
import dev.banger.network.Ipv4Address;
import dev.banger.network.NamedNetwork;
import dev.banger.operation.Lack;
import dev.banger.vm.BridgedNetwork;
import dev.banger.vm.NetworkService;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The bridged network as the settings have it. */
final class BridgeComposition {
    private static final Pattern VALUE = Pattern.compile("(?:([a-z0-9_-]+)=)?([0-9.]+)/([0-9]{1,2})");
    private static final Path TUN = Path.of("/dev/net/tun");
    private static final int FREE_TAPS = 4;

    private BridgeComposition() {}

    /** The common one. */
    static BridgedNetwork of(
            Places places,
            BridgeSettings bridge,
            FirewallChoice.Wish wish,
            ProgramRunner programs,
            BridgeServices services) {
        return of(
                BridgedNetwork.NAME,
                HomeId.of(places.state()),
                bridge,
                places.state().resolve("bridge"),
                wish,
                programs,
                services);
    }

    private static BridgedNetwork of(
            String name,
            HomeId home,
            BridgeSettings bridge,
            Path marker,
            FirewallChoice.Wish wish,
            ProgramRunner programs,
            BridgeServices services) {
        FirewallChoice firewall = new FirewallChoice(programs, wish);
        HostNetwork network = new HostNetwork(home, bridge, new IpLinks(programs), firewall, FREE_TAPS);
        return new BridgedNetwork(name, network, bridge, marker, new Missing(programs, firewall)::get, services);
    }

    /** Named ones: each has links, taps, tables and markers of its own, as if it were another home's. */
    static NetworkService.Factory named(
            Places places, FirewallChoice.Wish wish, ProgramRunner programs, NetworkNames names) {
        return new NetworkService.Factory() {
            @Override
            public BridgedNetwork make(NamedNetwork network) {
                HomeId home = home(network.name());
                BridgeSettings bridge = network.settings(home.prefix());
                Path marker = places.state().resolve("network-" + network.name());
                return of(network.name(), home, bridge, marker, wish, programs, names.at(bridge));
            }

            @Override
            public void unmake(BridgedNetwork network) {
                network.bridge().ifPresent(names::leave);
            }

            @Override
            public Cidr firstChoice(String name) {
                return subnet(home(name));
            }

            private HomeId home(String name) {
                return HomeId.of(places.state().resolve("networks").resolve(name));
            }
        };
    }

    private static Cidr subnet(HomeId home) {
        int hash = Integer.parseInt(home.hex().substring(0, 4), 16);
        return Cidr.of("10." + (128 + hash % 128) + "." + (hash >> 7 & 255) + ".0/24");
    }

    /** By default a name of the home's own, and a subnet that is derived from it. */
    static BridgeSettings settings(Places places, Settings settings) {
        HomeId home = HomeId.of(places.state());
        String wanted = settings.text(Key.BRIDGE).orElse("");
        if (wanted.isEmpty()) {
            Cidr subnet = subnet(home);
            return new BridgeSettings(
                    home.prefix(), new Ipv4Address(subnet.network().bits() + 1), subnet.prefixLength());
        }
        Matcher value = VALUE.matcher(wanted);
        if (!value.matches()) { // the key's own grammar is the same
            throw new BangerException(
                    ErrorCode.INVALID_ARGUMENT,
                    settings.named(Key.BRIDGE) + " is " + Key.BRIDGE.is() + ", not \"" + wanted + "\"");
        }
        return new BridgeSettings(
                value.group(1) == null ? home.prefix() : value.group(1),
                Ipv4Address.of(value.group(2)),
                Integer.parseInt(value.group(3)));
    }

    static FirewallChoice.Wish firewall(Settings settings) {
        return settings.text(Key.FIREWALL)
                .map(wanted -> FirewallChoice.Wish.valueOf(wanted.toUpperCase(Locale.ROOT)))
                .orElse(FirewallChoice.Wish.AUTO);
    }

    /** Looks until it finds nothing missing: each look runs a program, and every VM that is made asks. */
    private static final class Missing {
        private final ProgramRunner programs;
        private final FirewallChoice firewall;
        private volatile boolean complete;

        Missing(ProgramRunner programs, FirewallChoice firewall) {
            this.programs = programs;
            this.firewall = firewall;
        }

        List<Lack> get() {
            if (complete) {
                return List.of();
            }
            List<Lack> lacks = look();
            complete = lacks.isEmpty();
            return lacks;
        }

        private List<Lack> look() {
            if (ProcFs.uid() != 0) {
                return List.of(new Lack(
                        "it needs root, and this daemon runs as another user",
                        "",
                        new Lack.Step("root's daemon has it: sudo banger ...")));
            }
            List<Lack> lacks = new ArrayList<>(programs.lacks(IpLinks.requirements()));
            if (Files.notExists(TUN)) {
                lacks.add(new Lack("there is no " + TUN, "make taps", new Lack.Step("modprobe tun")));
            }
            List<String> unusable = firewall.unusable();
            if (!unusable.isEmpty()) {
                lacks.add(new Lack(
                        "no firewall can be used (" + String.join("; ", unusable) + ")",
                        "keep guests apart",
                        programs.find("nft").isEmpty() ? programs.remedy("nft") : Lack.NO_REMEDY));
            }
            return lacks;
        }
    }
}
