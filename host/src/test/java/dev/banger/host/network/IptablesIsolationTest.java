package dev.banger.host.network;

import dev.banger.host.network.BridgedLab.Kind;

/** The hostile guest at rules of iptables and ebtables. */
class IptablesIsolationTest extends IsolationTest {
    @Override
    Kind kind() {
        return Kind.IPTABLES_NFT;
    }
}
