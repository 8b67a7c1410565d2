package dev.banger.host.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer, as it comes. Unlike the JDK's own stream it does not wait for ever: too little in a stretch of time
 * is a failure, as is a body that is cut. One thread reads.
 */
final class BodyStream extends InputStream implements HttpResponse.BodySubscriber<InputStream> {
    /** So many bytes at least have to come within each stretch, or what is left of the body. */
    private static final int LEAST = 1024;

    private record Part(
            List<ByteBuffer> buffers,
            boolean last,
            @Nullable Throwable failure) {}

    private final Duration stretch;
    private final LinkedBlockingQueue<Part> parts = new LinkedBlockingQueue<>();
    private final CompletableFuture<InputStream> self = CompletableFuture.completedFuture(this);
    private volatile Flow.@Nullable Subscription subscription;
    private Part current = new Part(List.of(), false, null);
    private int buffer;
    private long deadline;
    private int inStretch;

    BodyStream(Duration stretch) {
        this.stretch = stretch;
    }

    @Override
    public CompletionStage<InputStream> getBody() {
        return self;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        this.subscription = subscription;
        subscription.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        parts.add(new Part(buffers, false, null));
    }

    @Override
    public void onError(Throwable failure) {
        parts.add(new Part(List.of(), true, failure));
    }

    @Override
    public void onComplete() {
        parts.add(new Part(List.of(), true, null));
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (buffer == current.buffers().size()
                || !current.buffers().get(buffer).hasRemaining()) {
            if (buffer < current.buffers().size()) {
                buffer++;
            } else if (current.last()) {
                return -1;
            } else {
                take();
            }
        }
        ByteBuffer from = current.buffers().get(buffer);
        int got = Math.min(length, from.remaining());
        from.get(bytes, offset, got);
        return got;
    }

    private void take() throws IOException {
        long now = System.nanoTime();
        if (deadline == 0 || inStretch >= LEAST) {
            deadline = now + stretch.toNanos();
            inStretch = 0;
        }
        Part next;
        try {
            next = parts.poll(deadline - now, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("cancelled while fetching");
        }
        if (next == null) {
            close();
            throw new IOException("next to nothing came for " + stretch.toSeconds() + " s");
        }
        if (next.failure() != null) {
            throw new IOException("the answer was cut: " + next.failure().getMessage(), next.failure());
        }
        current = next;
        buffer = 0;
        for (ByteBuffer each : next.buffers()) {
            inStretch += Math.min(each.remaining(), LEAST);
        }
        Flow.Subscription source = subscription;
        if (!next.last() && source != null) {
            source.request(1);
        }
    }

    @Override
    public void close() {
        Flow.Subscription source = subscription;
        if (source != null) {
            source.cancel();
        }
    }
}
