package dev.banger.host.dns;

import org.xbill.DNS.Message;

/** What becomes of a message that came. */
sealed interface Reaction {
    /** No answer: it is no query. */
    record Drop() implements Reaction {}

    /** The answer, no longer than the query allows. */
    record Answer(byte[] wire) implements Reaction {}

    /** Somebody else's name, for a guest. */
    record Forward(Message query) implements Reaction {}
}
