package dev.banger.host.firewall;

import dev.banger.api.BangerException;
import dev.banger.host.linux.Netlink;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.OptionalInt;
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

    private final Opener opener;
    private @Nullable Netlink socket; // guarded by this

    /** {@code opener}: of the network namespace that is looked at. */
    RuleGeneration(Opener opener) {
        this.opener = opener;
    }

    /** Empty where the kernel does not tell. */
    synchronized OptionalInt now() {
        try {
            Netlink open = socket;
            if (open == null) {
                open = opener.open(Netlink::openNetfilter);
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
