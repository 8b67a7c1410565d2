package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Sha256Test {
    @Test
    void isWhatTheJdkSays() throws Exception {
        byte[] bytes = new byte[300_001];
        new Random(1).nextBytes(bytes);
        MessageDigest expected = MessageDigest.getInstance("SHA-256");
        MessageDigest digest = Sha256.begin();

        for (MessageDigest each : new MessageDigest[] {expected, digest}) {
            each.update(bytes[0]);
            each.update(bytes, 1, 100_000);
            each.update(ByteBuffer.wrap(bytes, 100_001, 100_000).slice());
            each.update(ByteBuffer.allocateDirect(100_000)
                    .put(bytes, 200_001, 100_000)
                    .flip());
        }

        assertThat(digest.digest()).isEqualTo(expected.digest());
    }

    @Test
    void beginsAnewAfterItsEnd() {
        MessageDigest digest = Sha256.begin();
        digest.update((byte) 1);
        digest.digest();

        assertThat(HexFormat.of().formatHex(digest.digest()))
                .isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
