package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.ErrorCode;
import dev.banger.network.BridgeSettings;
import dev.banger.network.Ipv4Address;
import dev.banger.network.NameRouting;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BridgeRoutingTest {
    private static final BridgeSettings BRIDGE = new BridgeSettings("bgr0", Ipv4Address.of("10.77.0.1"), 24);

    /** A resolver that keeps what it is told. */
    private static final class Resolver implements NameRouting {
        final List<String> told = new CopyOnWriteArrayList<>();
        volatile boolean there = true;
        volatile boolean refusing;

        @Override
        public boolean isAvailable() {
            return there;
        }

        @Override
        public void route(String link, InetSocketAddress server) {
            told.add("route " + link + " " + server.getAddress().getHostAddress() + ":" + server.getPort());
            refuse();
        }

        private void refuse() {
            if (refusing) {
                throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "access denied");
            }
        }

        @Override
        public void revert(String link) {
            told.add("revert " + link);
            refuse();
        }
    }

    private final Resolver resolver = new Resolver();
    private final BridgeRouting routing = new BridgeRouting(Optional.of(resolver), BRIDGE);

    @Test
    void theRouteIsSetOnceAndRevertedOnce() {
        routing.ensure();
        routing.ensure();
        routing.revert();
        routing.close();

        assertThat(resolver.told).containsExactly("route bgr0 10.77.0.1:53", "revert bgr0");
    }

    @Test
    void itIsSetAgainWhenTheBridgeWasMadeAnewAndAfterItWasAway() {
        routing.renew();
        routing.ensure();
        routing.renew();
        routing.revert();
        routing.renew();
        routing.ensure();
        routing.close();

        assertThat(resolver.told)
                .containsExactly(
                        "route bgr0 10.77.0.1:53",
                        "route bgr0 10.77.0.1:53",
                        "revert bgr0",
                        "route bgr0 10.77.0.1:53",
                        "revert bgr0");
    }

    @Test
    void withoutTheResolverOrTheWishNothingIsDone() {
        resolver.there = false;
        routing.ensure();
        routing.close();
        BridgeRouting unwanted = new BridgeRouting(Optional.empty(), BRIDGE);
        unwanted.ensure();
        unwanted.renew();
        unwanted.close();

        assertThat(resolver.told).isEmpty();
        assertThat(routing.obstacle()).isEmpty();
    }

    @Test
    void aFailureIsARowOfDoctorUntilItWorks() {
        resolver.refusing = true;
        routing.ensure();
        routing.revert();
        assertThat(routing.obstacle()).hasValueSatisfying(row -> {
            assertThat(row.status()).isEqualTo(Status.WARN);
            assertThat(row.finding()).contains("access denied");
        });

        resolver.refusing = false;
        routing.ensure();
        routing.close();
        assertThat(routing.obstacle()).isEmpty();
    }
}
