package dev.banger.host.dns;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/**
 * The addresses that an answer gives for the name that was asked for.
 *
 * @param ttl the shortest on the way to them
 */
record ToldAddresses(String name, List<InetAddress> addresses, Duration ttl) {
    private static final int ALIASES = 16;

    /** Follows aliases from the question on: records about other names are not what was asked for. */
    static Optional<ToldAddresses> in(Message response) {
        Name asked = response.getQuestion().getName();
        List<Record> answers = response.getSection(Section.ANSWER);
        Name current = asked;
        long ttl = Long.MAX_VALUE;
        for (int i = 0; i < ALIASES; i++) {
            List<InetAddress> addresses = new ArrayList<>();
            CNAMERecord alias = null;
            for (Record record : answers) {
                if (!record.getName().equals(current)) {
                    continue;
                }
                switch (record) {
                    case ARecord a -> {
                        addresses.add(a.getAddress());
                        ttl = Math.min(ttl, a.getTTL());
                    }
                    case AAAARecord a -> {
                        addresses.add(a.getAddress());
                        ttl = Math.min(ttl, a.getTTL());
                    }
                    case CNAMERecord cname -> {
                        alias = cname;
                        ttl = Math.min(ttl, cname.getTTL());
                    }
                    default -> {} // a signature, for one
                }
            }
            if (!addresses.isEmpty()) {
                return Optional.of(
                        new ToldAddresses(Zone.text(asked), List.copyOf(addresses), Duration.ofSeconds(ttl)));
            }
            if (alias == null) {
                return Optional.empty();
            }
            current = alias.getTarget();
        }
        return Optional.empty();
    }
}
