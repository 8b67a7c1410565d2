package dev.banger.testkit;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.NetworkUsage;
import dev.banger.network.BridgeSettings;
import dev.banger.network.Cidr;
import dev.banger.network.HomeId;
import dev.banger.network.Ipv4Address;
import dev.banger.network.Links;
import dev.banger.network.Route;
import dev.banger.network.Tap;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Links in memory, with a default route by {@code eth0}. Thread-safe. */
public final class FakeLinks implements Links {
    /** Names that cannot be made into taps. */
    public final Set<String> refused = new HashSet<>();
    /** What was asked for, in order: {@code create NAME}, {@code delete NAME}, {@code up NAME}, {@code down NAME}. */
    public final List<String> calls = new ArrayList<>();

    /** Ports that programs of the host listen on, at all addresses. */
    public final Set<Integer> listening = new HashSet<>();

    /** What {@link #traffic} says. */
    public final Map<String, NetworkUsage> traffic = new ConcurrentHashMap<>();

    private final Map<String, Link> links = new LinkedHashMap<>();
    private List<Route> routes = List.of(new Route("unicast", new Cidr(new Ipv4Address(0), 0), "eth0", 0, List.of()));
    private int ifindex = 1;
    private boolean forwarding;

    public synchronized void setRoutes(List<Route> routes) {
        this.routes = List.copyOf(routes);
    }

    /** Adds a link of somebody. */
    public synchronized void add(String name, String kind, String alias) {
        links.put(name, new Link(name, ++ifindex, kind, alias, "", "", false, false, List.of()));
    }

    public synchronized void remove(String name) {
        links.remove(name);
    }

    @Override
    public synchronized List<Link> list() {
        return List.copyOf(links.values());
    }

    @Override
    public synchronized Look look() {
        return new Look(list(), routes);
    }

    @Override
    public synchronized List<Route> routes() {
        return routes;
    }

    @Override
    public synchronized void createBridge(HomeId home, BridgeSettings bridge) {
        add(bridge.name(), "bridge", home.bridgeMarker());
        repairBridge(bridge);
    }

    @Override
    public synchronized void repairBridge(BridgeSettings bridge) {
        Link link = present(bridge.name());
        links.put(
                bridge.name(),
                new Link(
                        link.name(),
                        link.ifindex(),
                        "bridge",
                        link.alias(),
                        bridge.mac().text(),
                        "",
                        true,
                        false,
                        List.of(bridge.address() + "/" + bridge.prefixLength())));
    }

    private Link present(String name) {
        Link link = links.get(name);
        if (link == null) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "there is no link " + name);
        }
        return link;
    }

    @Override
    public synchronized List<Tap> createTaps(HomeId home, BridgeSettings bridge, List<Integer> indexes) {
        List<Tap> made = new ArrayList<>();
        for (int index : indexes) {
            String name = home.tapName(index);
            calls.add("create " + name);
            if (!refused.contains(name) && !links.containsKey(name)) {
                add(name, "tun", home.tapMarker(index));
                made.add(new Tap(name, ifindex));
            }
        }
        if (made.isEmpty()) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "no tap can be made");
        }
        repairTaps(bridge, made);
        return made;
    }

    @Override
    public synchronized void repairTaps(BridgeSettings bridge, List<Tap> taps) {
        taps.forEach(tap -> change(tap, bridge.name(), false, !bridge.peers()));
    }

    @Override
    public synchronized void switchTaps(List<Tap> taps, boolean up) {
        for (Tap tap : taps) {
            calls.add((up ? "up " : "down ") + tap.name());
            if (links.containsKey(tap.name())) {
                Link link = present(tap.name());
                change(tap, link.master(), up, link.isolated());
            }
        }
    }

    private void change(Tap tap, String master, boolean up, boolean isolated) {
        Link link = present(tap.name());
        links.put(
                tap.name(),
                new Link(link.name(), link.ifindex(), "tun", link.alias(), "", master, up, isolated, List.of()));
    }

    @Override
    public synchronized void delete(List<Tap> gone) {
        for (Tap each : gone) {
            Link there = links.get(each.name());
            if (there != null && there.ifindex() == each.ifindex()) {
                calls.add("delete " + each.name());
                links.remove(each.name());
            }
        }
    }

    @Override
    public synchronized boolean isListening(String address, int port) {
        return listening.contains(port);
    }

    @Override
    public Map<String, NetworkUsage> traffic() {
        return Map.copyOf(traffic);
    }

    @Override
    public synchronized void enableForwarding() {
        forwarding = true;
    }

    @Override
    public synchronized boolean forwarding() {
        return forwarding;
    }
}
