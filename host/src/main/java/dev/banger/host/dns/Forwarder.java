package dev.banger.host.dns;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Selector;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/**
 * Asks upstream resolvers what guests want to know of others. Of a guest's message only the question and the flags of DNSSEC go
 * on. An answer counts when its source, id and question are right (RFC 5452). Only the loop's thread calls it.
 */
final class Forwarder {
    private static final Logger LOG = LoggerFactory.getLogger(Forwarder.class);
    private static final int IDS = 1 << 16;
    private static final int PARTS = 4;
    /** How long an answer waits for the listener: less than resolvers of guests wait for it. */
    private static final Duration HELD = Duration.ofSeconds(4);
    /** What a resolver says of itself, not of the name: the next one may know. */
    private static final Set<Integer> UNHELPFUL = Set.of(Rcode.SERVFAIL, Rcode.REFUSED, Rcode.NOTIMP);

    private final Selector selector;
    private final Forwarding settings;
    private final Set<InetSocketAddress> own;
    private final Executor loop;
    private final Set<Pending> pending = new HashSet<>();
    /** Made when the first guest asks: it costs more than all else at the start of the server. */
    private @Nullable SecureRandom random;

    /**
     * @param own becomes the server's own addresses: they are no upstreams of it, whatever the settings say
     * @param loop runs tasks of other threads on the loop's
     */
    Forwarder(Selector selector, Forwarding settings, Set<InetSocketAddress> own, Executor loop) {
        this.selector = selector;
        this.settings = settings;
        this.own = own;
        this.loop = loop;
    }

    /** {@code reply} gets the answer, once, now or later. */
    void forward(Message query, Transport transport, InetAddress guest, Consumer<byte[]> reply) {
        long ofGuest = pending.stream().filter(each -> each.guest.equals(guest)).count();
        if (pending.size() >= settings.outstanding() || ofGuest >= Math.max(1, settings.outstanding() / PARTS)) {
            reply.accept(Responder.failure(query, Rcode.SERVFAIL, transport));
            return;
        }
        List<InetSocketAddress> upstreams = settings.upstreams().get().stream()
                .filter(upstream -> !own.contains(upstream))
                .toList();
        Pending fresh = new Pending(query, transport, guest, reply, upstreams.iterator());
        pending.add(fresh);
        fresh.askNext();
    }

    boolean isIdle() {
        return pending.isEmpty();
    }

    /** Goes on to the next upstream where one has had its time. */
    void expire() {
        long now = System.nanoTime();
        List.copyOf(pending).stream().filter(each -> now - each.deadline >= 0).forEach(Pending::overdue);
    }

    private int newId() {
        if (random == null) {
            random = new SecureRandom();
        }
        return random.nextInt(IDS);
    }

    private final class Pending implements Exchange.Asker {
        private final Message query;
        private final Transport transport;
        private final InetAddress guest;
        private final Consumer<byte[]> reply;
        private final Iterator<InetSocketAddress> upstreams;
        private @Nullable Exchange exchange;
        private int id;
        private long deadline;
        private boolean held;

        Pending(
                Message query,
                Transport transport,
                InetAddress guest,
                Consumer<byte[]> reply,
                Iterator<InetSocketAddress> upstreams) {
            this.query = query;
            this.transport = transport;
            this.guest = guest;
            this.reply = reply;
            this.upstreams = upstreams;
        }

        void askNext() {
            while (true) {
                endExchange();
                if (!upstreams.hasNext()) {
                    finish(Responder.failure(query, Rcode.SERVFAIL, transport));
                    return;
                }
                InetSocketAddress upstream = upstreams.next();
                id = newId();
                deadline = System.nanoTime() + settings.patience().toNanos();
                try {
                    exchange = Exchange.begin(
                            transport, selector, upstream, question().toWire(), this);
                    return;
                } catch (IOException e) {
                    LOG.debug("Upstream resolver {} cannot be asked", upstream, e);
                }
            }
        }

        private Message question() {
            Message question = new Message(id);
            question.getHeader().setFlag(Flags.RD);
            for (int flag : new int[] {Flags.CD, Flags.AD}) {
                if (query.getHeader().getFlag(flag)) {
                    question.getHeader().setFlag(flag);
                }
            }
            question.addRecord(query.getQuestion(), Section.QUESTION);
            OPTRecord opt = query.getOPT();
            if (opt != null) {
                int dnssec = opt.getFlags() & ExtendedFlags.DO;
                question.addRecord(new OPTRecord(Responder.EDNS_UDP, 0, 0, dnssec), Section.ADDITIONAL);
            }
            return question;
        }

        @Override
        public boolean accepts(byte[] wire) {
            Message response;
            try {
                response = new Message(wire);
            } catch (IOException | RuntimeException e) { // whatever the parser makes of hostile bytes
                return false;
            }
            Record asked = query.getQuestion();
            Record answered = response.getQuestion();
            if (response.getHeader().getID() != id
                    || !response.getHeader().getFlag(Flags.QR)
                    || answered == null
                    || !answered.getName().equals(asked.getName())
                    || answered.getType() != asked.getType()
                    || answered.getDClass() != asked.getDClass()) {
                return false;
            }
            if (UNHELPFUL.contains(response.getHeader().getRcode()) && upstreams.hasNext()) {
                askNext();
                return true;
            }
            byte[] answer = forGuest(response, wire);
            CompletableFuture<?> allowed = ToldAddresses.in(response)
                    .map(told -> settings.listener().answered(guest, told.name(), told.addresses(), told.ttl()))
                    .orElse(CompletableFuture.completedStage(null))
                    .toCompletableFuture();
            if (allowed.isDone()) {
                finish(allowed, answer);
            } else {
                hold();
                allowed.whenComplete((done, failure) -> loop.execute(() -> finish(allowed, answer)));
            }
            return true;
        }

        /** It counts as under way until the listener is done with it, so a guest cannot have many of these. */
        private void hold() {
            endExchange();
            held = true;
            deadline = System.nanoTime() + HELD.toNanos();
        }

        private void finish(CompletableFuture<?> allowed, byte[] answer) {
            if (allowed.isCompletedExceptionally()) {
                LOG.debug("An answer for {} is withheld", guest);
            }
            finish(allowed.isCompletedExceptionally() ? Responder.failure(query, Rcode.SERVFAIL, transport) : answer);
        }

        void overdue() {
            if (held) {
                finish(Responder.failure(query, Rcode.SERVFAIL, transport));
            } else {
                askNext();
            }
        }

        /** As it came, but for the id; shortened where the guest cannot take as much. */
        private byte[] forGuest(Message response, byte[] wire) {
            int guestsId = query.getHeader().getID();
            int limit = Responder.limit(query, transport);
            if (wire.length > limit) {
                response.getHeader().setID(guestsId);
                return response.toWire(limit);
            }
            wire[0] = (byte) (guestsId >> 8);
            wire[1] = (byte) guestsId;
            return wire;
        }

        @Override
        public void failed() {
            askNext();
        }

        private void finish(byte[] answer) {
            endExchange();
            if (pending.remove(this)) { // it was not overdue meanwhile
                reply.accept(answer);
            }
        }

        private void endExchange() {
            if (exchange != null) {
                exchange.close();
                exchange = null;
            }
        }
    }
}
