package dev.banger.host.network;

import dev.banger.host.network.BridgedLab.Kind;

/** What is particular to rules of iptables-legacy. */
class LegacyIptablesFirewallTest extends IptablesFirewallTest {
    @Override
    Kind kind() {
        return Kind.IPTABLES_LEGACY;
    }
}
