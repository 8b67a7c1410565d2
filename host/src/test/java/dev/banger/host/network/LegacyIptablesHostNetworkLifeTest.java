package dev.banger.host.network;

import dev.banger.host.network.BridgedLab.Kind;

/** The host before, during and after rules of iptables-legacy and ebtables. */
class LegacyIptablesHostNetworkLifeTest extends HostNetworkLifeTest {
    @Override
    Kind kind() {
        return Kind.IPTABLES_LEGACY;
    }
}
