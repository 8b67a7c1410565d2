package dev.banger.host.network;

import dev.banger.host.network.BridgedLab.Kind;

/** What guests reach by rules of iptables-legacy. */
class LegacyIptablesNatTest extends NatTest {
    @Override
    Kind kind() {
        return Kind.IPTABLES_LEGACY;
    }
}
