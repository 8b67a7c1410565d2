package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.network.Cidr;
import dev.banger.network.Ipv4Address;
import dev.banger.network.Links;
import dev.banger.network.NamedNetwork;
import dev.banger.network.NetworkStore;
import dev.banger.network.Subnets;
import dev.banger.operation.Lack;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes and deletes named networks. Thread-safe. */
public final class NetworkService implements AutoCloseable {
    private static final int PREFIX_LENGTH = 24;

    private final NetworkStore store;
    private final Networks networks;
    private final Links links;
    private final Factory factory;
    private final Map<String, BridgedNetwork> named = new LinkedHashMap<>();

    /** What a network of this daemon's is made of. */
    public interface Factory {
        BridgedNetwork make(NamedNetwork network);

        /** Ends what else there is of a network that was deleted. */
        void unmake(BridgedNetwork network);

        /** Where a network of that name looks for a subnet first, so that two of them seldom meet. */
        Cidr firstChoice(String name);
    }

    /** Takes up the named networks there are; VMs can ask for them when this returns. */
    public NetworkService(NetworkStore store, Networks networks, Links links, Factory factory) {
        this.store = store;
        this.networks = networks;
        this.links = links;
        this.factory = factory;
        store.networks().forEach(this::add);
    }

    private synchronized void add(NamedNetwork network) {
        BridgedNetwork made = factory.make(network);
        named.put(network.name(), made);
        networks.add(made);
    }

    /** All networks, those that are always there first. */
    public List<Network> all() {
        return networks.all();
    }

    /** @throws BangerException NOT_FOUND when there is none of that name */
    public Network get(String name) {
        return networks.all().stream()
                .filter(network -> network.name().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        BangerException.notFound("there is no network " + name + "; \"banger network ls\" lists them"));
    }

    /**
     * Makes a network. Nothing is made on the host before a VM starts in it.
     *
     * @param subnet {@code ADDRESS/PREFIX}: an address that is not the subnet's first one is the bridge's; null: one that is free
     * @throws BangerException ALREADY_EXISTS when the name or the subnet is taken, PRECONDITION_FAILED when this host can have no bridge
     */
    public synchronized Network create(String name, @Nullable String subnet) {
        VmName.check(name);
        List<Network> present = networks.all();
        if (present.stream().anyMatch(network -> network.name().equals(name))) {
            throw new BangerException(ErrorCode.ALREADY_EXISTS, "there is a network " + name + " already");
        }
        NamedNetwork network = address(name, subnet);
        network.settings("bgr"); // refuses a prefix or an address that no bridge can have
        requireFree(network, present, links(present));
        store.insert(network);
        add(network);
        return get(name);
    }

    private NamedNetwork address(String name, @Nullable String subnet) {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        if (subnet == null) {
            List<Network> present = networks.all();
            List<Cidr> used = new ArrayList<>(links(present));
            subnets(present).values().forEach(used::add);
            Cidr chosen = Subnets.firstFree(factory.firstChoice(name), used);
            return new NamedNetwork(name, first(chosen), PREFIX_LENGTH, now);
        }
        int slash = subnet.indexOf('/');
        if (slash < 0) {
            throw BangerException.invalid("a subnet is ADDRESS/PREFIX, such as 10.20.0.0/24, not \"" + subnet + "\"");
        }
        Cidr range = Cidr.of(subnet);
        Ipv4Address address = Ipv4Address.of(subnet.substring(0, slash));
        return new NamedNetwork(
                name, address.equals(range.network()) ? first(range) : address, range.prefixLength(), now);
    }

    private static Ipv4Address first(Cidr subnet) {
        return new Ipv4Address(subnet.network().bits() + 1);
    }

    /** Where the host's routes lead; fails when it can have no bridge at all. */
    private List<Cidr> links(List<Network> present) {
        Lack.refuse(
                "have a network of your own here",
                present.stream()
                        .filter(network -> network.name().equals(BridgedNetwork.NAME))
                        .flatMap(network -> network.lacks().stream())
                        .toList());
        return Subnets.used(links.routes());
    }

    private static Map<String, Cidr> subnets(List<Network> present) {
        Map<String, Cidr> subnets = new LinkedHashMap<>();
        present.forEach(network ->
                network.bridge().ifPresent(bridge -> subnets.put("the network " + network.name(), bridge.subnet())));
        return subnets;
    }

    private void requireFree(NamedNetwork network, List<Network> present, List<Cidr> routes) {
        Map<String, Cidr> used = subnets(present);
        routes.forEach(route -> used.putIfAbsent("the host's route to " + route, route));
        used.forEach((whose, subnet) -> {
            if (subnet.overlaps(network.subnet())) {
                throw new BangerException(
                        ErrorCode.ALREADY_EXISTS,
                        "the subnet " + network.subnet() + " overlaps that of " + whose + "; "
                                + Subnets.firstFree(factory.firstChoice(network.name()), List.copyOf(used.values()))
                                + " is free");
            }
        });
    }

    /** Who knows of VMs runs {@code work} unless one is in {@code network}, and lets none come into being meanwhile. */
    public interface Vms {
        void unlessUsed(Network network, Runnable work);
    }

    /**
     * Deletes a network, with what it has on the host.
     *
     * @throws BangerException WRONG_STATE for one that is always there, IN_USE while a VM is in it
     */
    public void delete(String name, Vms vms) {
        Network network = get(name);
        vms.unlessUsed(network, () -> deleteUnused(network.name()));
    }

    private synchronized void deleteUnused(String name) {
        BridgedNetwork network = named.get(name);
        if (network == null) {
            throw new BangerException(
                    ErrorCode.WRONG_STATE, "the network " + name + " is always there and cannot be deleted");
        }
        network.close();
        factory.unmake(network);
        store.deleteNetwork(name);
        networks.remove(network);
        named.remove(name);
    }

    /** What VMs run in stays; without any, nothing of a network is left on the host. */
    @Override
    public synchronized void close() {
        named.values().forEach(BridgedNetwork::close);
    }
}
