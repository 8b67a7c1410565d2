package dev.banger.host.firewall;

import dev.banger.api.BangerException;
import dev.banger.host.linux.Netlink;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The number of nftables' rule set, which every change of it makes another one (linux/netfilter/nf_tables.h, NFT_MSG_GETGEN): those of
 * iptables-nft and ebtables-nft as well, what counters count not. To ask for it takes no program. Thread-safe.
 */
final class RuleGeneration {
    /** NFNL_SUBSYS_NFTABLES in the upper half, NFT_MSG_GETGEN in the lower. */
    private static final int GET = 10 << 8 | 16;
    /** Bytes of struct nfgenmsg { u8 nfgen_family, version; be16 res_id; }. */
    private static final int NFGENMSG = 4;

    private static final int NFTA_GEN_ID = 1;

    private final Supplier<Netlink> opening;
    private @Nullable Netlink socket; // guarded by this

    /** {@code opening}: opens a socket about nftables, once, in the network namespace that is looked at. */
    RuleGeneration(Supplier<Netlink> opening) {
        this.opening = opening;
    }

    /** Empty where the kernel does not tell. */
    synchronized OptionalInt now() {
        try {
            Netlink open = socket;
            if (open == null) {
                open = opening.get();
                socket = open;
            }
            List<ByteBuffer> answer = open.request(GET, new byte[NFGENMSG]);
            @Nullable
            ByteBuffer number = answer.isEmpty()
                    ? null
                    : Netlink.attributes(answer.getFirst(), NFGENMSG).get(NFTA_GEN_ID);
            return number == null || number.remaining() != Integer.BYTES
                    ? OptionalInt.empty()
                    : OptionalInt.of(number.order(ByteOrder.BIG_ENDIAN).getInt(0));
        } catch (Netlink.Refused | BangerException e) {
            return OptionalInt.empty();
        }
    }
}
