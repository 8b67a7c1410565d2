package dev.banger.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FrameTest {
    private static byte[] bytes(Frame... frames) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (FrameWriter writer = new FrameWriter(Channels.newChannel(out))) {
            for (Frame frame : frames) {
                writer.write(frame);
            }
        }
        return out.toByteArray();
    }

    private static FrameReader reader(byte[] bytes) {
        return new FrameReader(Channels.newChannel(new ByteArrayInputStream(bytes)));
    }

    @Test
    void aFrameHasTheLayoutOfTheProtocol() throws Exception {
        assertThat(bytes(new Frame(FrameType.STDOUT, 0x0102, new byte[] {7, 8})))
                .containsExactly(17, 0, 1, 2, 0, 0, 0, 2, 7, 8);
    }

    @Test
    void framesComeBackAsTheyWere() throws Exception {
        byte[] big = new byte[Frame.MAX_PAYLOAD];
        new Random(1).nextBytes(big);
        FrameReader reader = reader(
                bytes(Frame.of(FrameType.STDIN, 1), new Frame(FrameType.IDENTITY, 65535, big), Frame.exit(3, 137)));

        assertThat(reader.next().orElseThrow().payload()).isEmpty();
        Frame second = reader.next().orElseThrow();
        assertThat(second.channel()).isEqualTo(65535);
        assertThat(second.payload()).isEqualTo(big);
        assertThat(reader.next().orElseThrow().number()).isEqualTo(137);
        assertThat(reader.next()).isEmpty();
    }

    @Test
    void paddingBetweenFramesIsSkipped() throws Exception {
        byte[] frame = bytes(Frame.exit(0, 1));
        byte[] padded = new byte[frame.length + 1000];
        System.arraycopy(frame, 0, padded, 1000, frame.length);

        assertThat(reader(padded).next().orElseThrow().type()).isEqualTo(FrameType.EXIT);
    }

    @Test
    void brokenFramesAreRefused() {
        for (byte[] broken : List.of(
                new byte[] {99, 0, 0, 0, 0, 0, 0, 0}, // unknown type
                new byte[] {17, 1, 0, 0, 0, 0, 0, 0}, // a flag
                new byte[] {17, 0, 0, 0, 0, 0, (byte) 0x80, 1}, // data longer than 32 KiB
                new byte[] {1, 0, 0, 0, 0, 4, 0, 1}, // longer than 256 KiB
                new byte[] {1, 0, 0, 0, (byte) 0xff, 0, 0, 0})) { // negative
            assertThatThrownBy(() -> reader(broken).next()).isInstanceOf(ProtocolException.class);
        }
        assertThatThrownBy(() -> reader(new byte[] {17, 0, 0}).next()).isInstanceOf(EOFException.class);
        assertThatThrownBy(() -> reader(new byte[] {17, 0, 0, 0, 0, 0, 0, 5, 1}).next())
                .isInstanceOf(EOFException.class);
    }

    @Test
    void randomBytesNeverDoMoreThanFail() {
        Random random = new Random(20261124);
        for (int i = 0; i < 20_000; i++) {
            byte[] noise = new byte[random.nextInt(64)];
            random.nextBytes(noise);
            if (noise.length > 7) {
                noise[0] = (byte) (1 + random.nextInt(28));
                noise[1] = 0;
                noise[4] = 0;
                noise[5] = 0;
                noise[6] = 0;
            }
            try {
                Optional<Frame> frame = reader(noise).next();
                frame.ifPresent(Frame::fields);
            } catch (ProtocolException | IOException e) {
                assertThat(e).hasMessageNotContaining("null");
            }
        }
    }

    @Test
    void fieldsComeBackAsTheyWere() {
        Fields fields = Fields.parse(Fields.builder()
                .string(Field.ARG, "sh")
                .string(Field.ARG, "-c")
                .string(Field.ARG, "")
                .u8(Field.TTY, 5)
                .u16(Field.ROWS, 65535)
                .u32(Field.PID, -1)
                .u64(Field.CLOCK, Long.MAX_VALUE)
                .optional(Field.USER, null)
                .build());

        assertThat(fields.strings(Field.ARG)).containsExactly("sh", "-c", "");
        assertThat(fields.number(Field.TTY, 0)).isEqualTo(5);
        assertThat(fields.number(Field.ROWS, 0)).isEqualTo(65535);
        assertThat(fields.number(Field.PID, 0)).isEqualTo(0xffffffffL);
        assertThat(fields.number(Field.CLOCK, 0)).isEqualTo(Long.MAX_VALUE);
        assertThat(fields.number(Field.COLS, 80)).isEqualTo(80);
        assertThat(fields.string(Field.USER)).isEmpty();
    }

    @Test
    void aStringWithANulIsRefused() {
        assertThatThrownBy(() -> Fields.builder().string(Field.ARG, "a\0b")).isInstanceOf(ProtocolException.class);
    }

    @Test
    void aHelloIsFoundBehindAPredecessorsRubbish() throws Exception {
        byte[] nonce = new byte[16];
        new Random(3).nextBytes(nonce);
        byte[] other = new byte[16];
        byte[] rubbish = "left over \1\0\0\0\0\0\0\5 output".getBytes(StandardCharsets.ISO_8859_1);
        byte[] stale = bytes(Frame.of(FrameType.HELLO, 0, Fields.builder().bytes(Field.NONCE, other)));
        byte[] fresh =
                bytes(Frame.of(FrameType.HELLO, 0, Fields.builder().bytes(Field.NONCE, nonce)), Frame.exit(1, 0));
        FrameReader reader = reader(ByteBuffer.allocate(rubbish.length + stale.length + fresh.length)
                .put(rubbish)
                .put(stale)
                .put(fresh)
                .array());

        assertThat(reader.helloWith(nonce, 1000).fields().bytes(Field.NONCE)).contains(nonce);
        assertThat(reader.next().orElseThrow().type()).isEqualTo(FrameType.EXIT);
        assertThatThrownBy(() -> reader(new byte[5000]).helloWith(nonce, 1000)).isInstanceOf(ProtocolException.class);
    }

    @Test
    void nothingIsGrantedBeforeSomebodyReads() throws Exception {
        AtomicLong granted = new AtomicLong();
        FrameInput input = new FrameInput(new Window(granted::addAndGet, 1000));
        assertThat(granted).hasValue(0);
        input.end();

        assertThat(input.read(new byte[10], 0, 10)).isEqualTo(-1);
        assertThat(granted).hasValue(1000);
    }

    @Test
    void creditIsGrantedAgainAsDataIsTakenOut() throws Exception {
        List<Integer> grants = new ArrayList<>();
        FrameInput input = new FrameInput(new Window(grants::add, 1000));
        input.end();
        input.read();
        FrameInput second = new FrameInput(new Window(grants::add, 1000));
        Thread reader = Thread.ofPlatform().daemon().start(() -> {
            try {
                second.readNBytes(700);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        while (grants.size() < 2) {
            Thread.onSpinWait();
        }
        second.offer(new byte[400]);
        second.offer(new byte[300]);
        reader.join();

        assertThat(grants).containsExactly(1000, 1000, 700);
    }

    @Test
    void moreDataThanWasGrantedBreaksTheProtocol() {
        FrameInput input = new FrameInput(new Window(bytes -> {}, 1000));
        assertThatThrownBy(() -> input.offer(new byte[1])).isInstanceOf(ProtocolException.class);
    }

    @Test
    void aSenderWaitsForCreditAndFailsWhenTheOtherSideEnds() throws Exception {
        Credit credit = new Credit();
        credit.grant(10);
        assertThat(credit.take(100)).isEqualTo(10);
        Thread waiting = Thread.ofPlatform()
                .daemon()
                .start(() -> assertThatThrownBy(() -> credit.take(1)).isInstanceOf(IOException.class));
        credit.close();
        waiting.join();
    }

    @Test
    void anInterruptedSenderDoesNotCloseTheConnectionOfOthers() throws Exception {
        Pipe pipe = Pipe.open();
        try (FrameWriter writer = new FrameWriter(pipe.sink())) {
            Thread stuck = Thread.ofPlatform().daemon().start(() -> {
                try {
                    while (true) {
                        writer.write(new Frame(FrameType.STDOUT, 1, new byte[Frame.MAX_DATA]));
                    }
                } catch (IOException e) {
                    return; // it was interrupted
                }
            });
            while (stuck.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
            }
            stuck.interrupt();
            stuck.join();
            assertThat(pipe.sink().isOpen()).isTrue();
            FrameReader reader = new FrameReader(pipe.source());
            assertThat(reader.next().orElseThrow().type()).isEqualTo(FrameType.STDOUT);
            pipe.source().close();
        }
    }
}
