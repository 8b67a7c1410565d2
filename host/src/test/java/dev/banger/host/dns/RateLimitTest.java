package dev.banger.host.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RateLimitTest {
    private final AtomicLong now = new AtomicLong();
    private final RateLimit limit = new RateLimit(10, 20, 3, now::get);

    private static InetAddress source(int last) {
        return InetAddress.ofLiteral("10.0.0." + last);
    }

    private int admitted(InetAddress source, int tries) {
        int admitted = 0;
        for (int i = 0; i < tries; i++) {
            admitted += limit.admits(source) ? 1 : 0;
        }
        return admitted;
    }

    @Test
    void aBurstIsAdmittedAndThenSoManyASecond() {
        assertThat(admitted(source(1), 100)).isEqualTo(20);

        now.addAndGet(Duration.ofSeconds(1).toNanos());
        assertThat(admitted(source(1), 100)).isEqualTo(10);
        now.addAndGet(Duration.ofMillis(100).toNanos());
        assertThat(admitted(source(1), 100)).isEqualTo(1);
    }

    @Test
    void aLongPauseFillsTheBucketAndNoMore() {
        admitted(source(1), 100);

        now.addAndGet(Duration.ofHours(1).toNanos());
        assertThat(admitted(source(1), 100)).isEqualTo(20);
    }

    @Test
    void aSourceDoesNotPayForAnother() {
        admitted(source(1), 100);

        assertThat(admitted(source(2), 100)).isEqualTo(20);
    }

    @Test
    void ofManySourcesTheLatestAreRemembered() {
        admitted(source(1), 100);
        admitted(source(2), 1);
        admitted(source(3), 1);
        assertThat(admitted(source(1), 1))
                .as("still remembered, and now the latest")
                .isZero();

        admitted(source(4), 1); // forgets 2
        assertThat(admitted(source(1), 1)).isZero();
        assertThat(admitted(source(2), 100)).as("a stranger again").isEqualTo(20);
    }
}
