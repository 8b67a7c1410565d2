package dev.banger.host.firewall;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.firewall.FirewallChoice.Candidate;
import dev.banger.host.firewall.FirewallChoice.Wish;
import dev.banger.network.BridgeSettings;
import dev.banger.network.Egress;
import dev.banger.network.GuestPort;
import dev.banger.network.HomeId;
import dev.banger.network.Ipv4Address;
import dev.banger.network.MacAddress;
import dev.banger.network.Rules;
import dev.banger.network.Tap;
import dev.banger.testkit.FakeFirewall;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FirewallChoiceTest {
    private static final HomeId HOME = new HomeId("0123456789abcdef");
    private static final Rules RULES = new Rules(
            HOME,
            new BridgeSettings("br", Ipv4Address.of("10.77.0.1"), 24),
            Optional.empty(),
            List.of(new GuestPort(
                    "vm1",
                    new Tap("tap", 7),
                    new MacAddress("02:00:5e:00:00:01"),
                    Ipv4Address.of("10.77.0.2"),
                    new Egress.None(),
                    List.of())));

    private final FakeFirewall nftables = new FakeFirewall();
    private final FakeFirewall iptables = new FakeFirewall();
    private String noNftables = "";
    private String noIptables = "";

    private FirewallChoice choice(Wish wish) {
        return new FirewallChoice(
                List.of(
                        new Candidate(Wish.NFTABLES, nftables, () -> reason(noNftables)),
                        new Candidate(Wish.IPTABLES, iptables, () -> reason(noIptables))),
                wish);
    }

    private static Optional<String> reason(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(text);
    }

    @Test
    void nftablesIsTakenWhereItWorks() {
        choice(Wish.AUTO).apply(RULES);

        assertThat(nftables.there()).contains(RULES);
        assertThat(iptables.there()).isEmpty();
    }

    @Test
    void iptablesIsTakenWhereNftablesDoesNotWork() {
        noNftables = "install nftables";
        FirewallChoice choice = choice(Wish.AUTO);

        assertThat(choice.unusable()).isEmpty();
        choice.apply(RULES);
        noNftables = "";
        choice.apply(RULES);

        assertThat(iptables.there()).contains(RULES);
        assertThat(nftables.there()).isEmpty();
    }

    @Test
    void whatIsWishedForIsTakenOrNothing() {
        choice(Wish.IPTABLES).apply(RULES);
        assertThat(iptables.there()).contains(RULES);

        noIptables = "install iptables";
        assertThat(choice(Wish.IPTABLES).unusable()).containsExactly("fake: install iptables");
        assertThat(choice(Wish.NFTABLES).unusable()).isEmpty();
    }

    @Test
    void whereNeitherWorksBothReasonsAreToldUntilOneDoes() {
        noNftables = "install nftables";
        noIptables = "install iptables";
        FirewallChoice choice = choice(Wish.AUTO);

        assertThat(choice.unusable()).containsExactly("fake: install nftables", "fake: install iptables");
        assertThatThrownBy(() -> choice.apply(RULES))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PRECONDITION_FAILED))
                .hasMessageContaining("install nftables")
                .hasMessageContaining("install iptables");
        noNftables = "";
        assertThat(choice.unusable()).isEmpty();
    }

    @Test
    void whatAnotherDaemonMadeByTheOtherOneGoes() {
        iptables.apply(RULES);
        choice(Wish.AUTO).apply(RULES);
        assertThat(iptables.there()).isEmpty();

        choice(Wish.IPTABLES).remove(HOME);
        assertThat(nftables.there()).isEmpty();
    }
}
