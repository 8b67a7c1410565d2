package dev.banger.network;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds a subnet that nothing on the host uses. */
public final class Subnets {
    private static final List<Cidr> PRIVATE =
            List.of(Cidr.of("172.16.0.0/12"), Cidr.of("10.0.0.0/8"), Cidr.of("192.168.0.0/16")); // RFC 1918
    private static final Cidr DEFAULTS = Cidr.of("10.128.0.0/9");
    private static final int TRIES = 65536;

    private Subnets() {}

    /**
     * The first subnet from {@code start} on, in the 10.128.0.0/9 that bridges are in unless told otherwise, that overlaps none
     * of {@code used}.
     *
     * @throws BangerException RESOURCE_EXHAUSTED when there is none
     */
    public static Cidr firstFree(Cidr start, List<Cidr> used) {
        Cidr subnet = start;
        for (int i = 0; i < TRIES; i++) {
            Cidr candidate = subnet;
            if (used.stream().noneMatch(candidate::overlaps)) {
                return candidate;
            }
            Cidr next = subnet.next();
            subnet = DEFAULTS.contains(next.network()) ? next : new Cidr(DEFAULTS.network(), start.prefixLength());
        }
        throw new BangerException(ErrorCode.RESOURCE_EXHAUSTED, "no subnet is free in " + DEFAULTS);
    }

    /** What the routes of the host lead to, default routes aside. */
    public static List<Cidr> used(List<Route> routes) {
        return specific(routes).map(Route::destination).toList();
    }

    private static Stream<Route> specific(List<Route> routes) {
        return routes.stream()
                .filter(route -> !route.isDefault() && route.destination().prefixLength() > 1);
    }

    /** Refuses a bridge whose subnet overlaps a route of somebody else, with one that would do. */
    static void requireFree(BridgeSettings bridge, List<Route> routes) {
        List<Route> others = specific(routes)
                .filter(route -> !route.device().equals(bridge.name()))
                .toList();
        Optional<Route> taken = others.stream()
                .filter(route -> route.destination().overlaps(bridge.subnet()))
                .findFirst();
        if (taken.isEmpty()) {
            return;
        }
        List<Cidr> used = others.stream().map(Route::destination).toList();
        throw new BangerException(
                ErrorCode.ALREADY_EXISTS,
                "the bridge's subnet " + bridge.subnet() + " overlaps the route to "
                        + taken.get().destination()
                        + (taken.get().device().isEmpty()
                                ? ""
                                : " through " + taken.get().device())
                        + free(bridge.prefixLength(), used)
                                .map(subnet -> "; " + subnet + " is free")
                                .orElse("; no private subnet of that size is free"));
    }

    private static Optional<Cidr> free(int prefixLength, List<Cidr> used) {
        return PRIVATE.stream()
                .filter(range -> range.prefixLength() <= prefixLength)
                .flatMap(range -> Stream.iterate(
                                new Cidr(range.network(), prefixLength),
                                subnet -> range.contains(subnet.network()),
                                Cidr::next)
                        .limit(TRIES))
                .filter(subnet -> used.stream().noneMatch(subnet::overlaps))
                .findFirst();
    }
}
