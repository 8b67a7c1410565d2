package dev.banger.host.network;

import dev.banger.host.network.BridgedLab.Kind;

/** Guests that see each other by rules of iptables and ebtables. */
class IptablesPeersTest extends PeersTest {
    @Override
    Kind kind() {
        return Kind.IPTABLES_NFT;
    }
}
