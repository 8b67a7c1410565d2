package dev.banger.network;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Which link leads to the world: read off the routing table. */
public final class Uplink {
    private static final Cidr LOWER = Cidr.of("0.0.0.0/1");
    private static final Cidr UPPER = Cidr.of("128.0.0.0/1");

    private Uplink() {}

    /**
     * The link of the default route with the lowest metric, the first one of several. A VPN that covers the default route by
     * two halves (0.0.0.0/1 and 128.0.0.0/1), as OpenVPN does, comes before it: the kernel prefers longer prefixes. Routes
     * through {@code bridge}, our own, do not count.
     */
    public static Optional<String> among(List<Route> routes, String bridge) {
        List<Route> usable = routes.stream()
                .filter(route -> route.leadsOut() && !route.device().equals(bridge))
                .toList();
        Optional<String> half = best(usable, LOWER);
        if (half.isPresent() && half.equals(best(usable, UPPER))) {
            return half;
        }
        // A default route that leads nowhere and is preferred over all others is somebody's wish to be cut off.
        return routes.stream()
                .filter(Route::isDefault)
                .filter(route -> route.device().isEmpty() || usable.contains(route))
                .min(Comparator.comparingLong(Route::metric))
                .map(Route::device)
                .filter(device -> !device.isEmpty());
    }

    private static Optional<String> best(List<Route> usable, Cidr destination) {
        return usable.stream()
                .filter(route -> route.destination().equals(destination))
                .min(Comparator.comparingLong(Route::metric))
                .map(Route::device);
    }
}
