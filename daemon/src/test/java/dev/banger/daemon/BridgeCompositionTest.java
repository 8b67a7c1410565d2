package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.config.Settings;
import dev.banger.host.firewall.FirewallChoice.Wish;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BridgeCompositionTest {
    @Test
    void theFirewallIsChosenBySetting() {
        assertThat(BridgeComposition.firewall(Settings.of(Map.of()))).isEqualTo(Wish.AUTO);
        assertThat(BridgeComposition.firewall(Settings.of(Map.of("BANGER_FIREWALL", ""))))
                .isEqualTo(Wish.AUTO);
        assertThat(BridgeComposition.firewall(Settings.of(Map.of("BANGER_FIREWALL", "auto"))))
                .isEqualTo(Wish.AUTO);
        assertThat(BridgeComposition.firewall(Settings.of(Map.of("BANGER_FIREWALL", "nftables"))))
                .isEqualTo(Wish.NFTABLES);
        assertThat(BridgeComposition.firewall(Settings.of(Map.of("BANGER_FIREWALL", "iptables"))))
                .isEqualTo(Wish.IPTABLES);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nft", "IPTABLES", "none", " auto"})
    void anotherFirewallIsRefused(String wanted) {
        assertThatThrownBy(() -> BridgeComposition.firewall(Settings.of(Map.of("BANGER_FIREWALL", wanted))))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
                .hasMessageContaining("BANGER_FIREWALL is auto, nftables or iptables, not \"" + wanted + "\"");
    }
}
