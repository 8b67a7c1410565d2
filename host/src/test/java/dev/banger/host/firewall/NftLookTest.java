package dev.banger.host.firewall;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.host.linux.NetworkLab;
import dev.banger.network.BridgeSettings;
import dev.banger.network.Egress;
import dev.banger.network.GuestPort;
import dev.banger.network.HomeId;
import dev.banger.network.Ipv4Address;
import dev.banger.network.MacAddress;
import dev.banger.network.Rules;
import dev.banger.network.Tap;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** At a host with few rules and at one with very many. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class NftLookTest {
    private static final HomeId HOME = HomeId.of(Path.of("/state"));
    private static final BridgeSettings BRIDGE = new BridgeSettings("bgrlab", Ipv4Address.of("10.77.0.1"), 24);

    private static final String THEIRS = """
            add table inet theirs
            add chain inet theirs through { type filter hook forward priority 0; policy drop; }
            add chain inet theirs out { type filter hook output priority 0; policy drop; }
            """;

    private final NetworkLab lab = new NetworkLab();
    private final NftLook.Eyes eyes =
            new NftLook.Eyes(new Nft(lab.programs, lab.prefix(), lab::opened), new RuleGeneration(lab::opened));
    private final NftFirewall firewall =
            new NftFirewall(lab.programs, lab.prefix(), lab::opened, Duration.ofSeconds(20));

    @AfterEach
    void close() {
        lab.close();
    }

    private static Rules rules(String uplink) {
        GuestPort port = new GuestPort(
                "vm1",
                new Tap(HOME.tapName(0), 7),
                new MacAddress("02:00:5e:00:00:10"),
                Ipv4Address.of("10.77.0.10"),
                new Egress.Everything(),
                List.of());
        return new Rules(HOME, BRIDGE, Optional.of(uplink), List.of(port));
    }

    /** So many that listing all of them takes long. */
    private void fillWithRules() {
        lab.nft("add table ip many; add chain ip many rest\n"
                + IntStream.range(0, 6000)
                        .mapToObj(i ->
                                "add rule ip many rest ip saddr 192.0.2." + i % 250 + " tcp dport " + i + " accept\n")
                        .collect(Collectors.joining()));
    }

    @Test
    void piecesMakeTheSameWhole() {
        lab.nft(THEIRS);
        lab.nft("add rule inet theirs through ip saddr 192.0.2.1 accept\n");
        firewall.apply(rules("eth0"));

        NftLook whole = eyes.look(HOME);
        fillWithRules();
        eyes.look(HOME);
        NftLook pieces = eyes.look(HOME);

        assertThat(whole.owned()).isEqualTo(NftLook.FAMILIES);
        assertThat(whole.counts()).containsOnlyKeys("vm1");
        assertThat(whole.foreign())
                .singleElement()
                .satisfies(chain -> assertThat(chain.drops()).isTrue())
                .satisfies(chain -> assertThat(chain.rules()).hasSize(3));
        assertThat(pieces.foreign()).isEqualTo(whole.foreign());
        assertThat(pieces.comparable()).isEqualTo(whole.comparable());
        assertThat(pieces.counts()).isEqualTo(whole.counts());
    }

    @Test
    void aGlanceIsTheLastLookUntilSomeRuleChanges() {
        NftLook first = eyes.look(HOME);
        assertThat(eyes.glance(HOME)).isSameAs(first);

        lab.nft(THEIRS);
        NftLook second = eyes.glance(HOME);
        assertThat(second.foreign()).hasSize(1);
        assertThat(eyes.glance(HOME)).isSameAs(second);

        lab.onHost("iptables-nft", "-A", "FORWARD", "-j", "ACCEPT");
        assertThat(eyes.glance(HOME)).isNotSameAs(second);

        lab.onHost("nft", "flush", "ruleset");
        assertThat(eyes.glance(HOME).foreign()).isEmpty();
        assertThat(eyes.glance(HomeId.of(Path.of("/other"))).owned()).isEmpty();
    }

    @Test
    void afterAChangeOfOurOwnTheRestIsKnownAlready() {
        lab.nft(THEIRS);
        String table = "table ip " + HOME.prefix() + "\n";
        String owner = "add chain ip " + HOME.prefix() + " " + NftRuleset.ownerChain(HOME.hex()) + "\n";
        NftLook before = eyes.look(HOME);

        NftLook changed = eyes.change(HOME, "add " + table + owner);

        assertThat(changed.owned()).containsExactly("ip");
        assertThat(changed.foreign()).isSameAs(before.foreign());
        assertThat(eyes.glance(HOME)).isSameAs(changed);
        NftLook fresh = eyes.look(HOME);
        assertThat(changed.comparable()).isEqualTo(fresh.comparable());
        assertThat(changed.foreign()).isEqualTo(fresh.foreign());

        lab.nft("add chain inet theirs in { type filter hook input priority 0; policy drop; }");
        lab.nft("delete chain inet theirs through");
        NftLook again = eyes.change(HOME, "delete " + table);
        assertThat(again.owned()).isEmpty();
        assertThat(again.foreign())
                .singleElement()
                .satisfies(chain -> assertThat(chain.name()).isEqualTo("in"));
    }

    @Test
    void withoutTheLibraryTheProgramSaysTheSame() {
        Nft library = new Nft(lab.programs, lab.prefix(), lab::opened);
        Nft program = new Nft(lab.programs, lab.prefix(), new WithoutLibrary());
        assertThat(library.hasLibrary()).isTrue();
        assertThat(program.hasLibrary()).isFalse();
        firewall.apply(rules("eth0"));

        String table = "table bridge " + HOME.prefix();
        assertThat(library.listOwn(table).map(Nft.Listing::objects))
                .isEqualTo(program.listOwn(table).map(Nft.Listing::objects))
                .isNotEmpty();
        assertThat(library.listOwn("table ip nowhere"))
                .isEqualTo(program.listOwn("table ip nowhere"))
                .isEmpty();
        NftLook.Eyes other = new NftLook.Eyes(program, new RuleGeneration(lab::opened));
        assertThat(other.counts(HOME)).isEqualTo(eyes.counts(HOME)).containsOnlyKeys("vm1");
        String rules = lab.rules();
        for (Nft each : List.of(library, program)) {
            assertThatThrownBy(() -> each.transaction("add table ip half\nadd rule ip nowhere rest accept\n"))
                    .isInstanceOf(BangerException.class)
                    .hasMessageContaining("nft failed")
                    .hasMessageContaining("No such file or directory");
            assertThatThrownBy(() -> each.transaction("make table\n")).hasMessageContaining("syntax error");
        }
        assertThat(lab.rules()).isEqualTo(rules);
        new NftFirewall(lab.programs, lab.prefix(), new WithoutLibrary(), Duration.ofSeconds(20)).remove(HOME);
        assertThat(lab.rules()).doesNotContain(HOME.prefix());
    }

    private final class WithoutLibrary implements Opener {
        @Override
        @SuppressWarnings("unchecked")
        public <T> T open(Supplier<T> opening) {
            T opened = lab.opened(opening);
            return opened instanceof Optional ? (T) Optional.empty() : opened;
        }
    }

    @Test
    void whatManyRulesOfOthersDropIsPassedAllTheSame() {
        fillWithRules();
        String before = lab.rules();
        lab.nft(THEIRS);
        String dropping = lab.rules();

        assertThat(firewall.apply(rules("eth0"))).isTrue();
        assertThat(firewall.apply(rules("eth0"))).isFalse();
        assertThat(firewall.holds(rules("eth0"))).isTrue();
        assertThat(lab.onHost("nft", "list", "chain", "inet", "theirs", "through"))
                .contains("oifname \"eth0\" accept", "banger-" + HOME.hex());
        assertThat(firewall.apply(rules("eth1"))).isTrue();
        firewall.remove(HOME);

        assertThat(lab.rules()).isEqualTo(dropping).isNotEqualTo(before);
    }

    /** Names that no nft would take can come by netlink; they are never put into a command. */
    @Test
    void aChainThatCannotBeNamedIsRefused() {
        Map<String, String> strange = Map.of("family", "ip", "table", "a; flush ruleset", "name", "c");
        assertThatThrownBy(() -> ForeignChain.of(strange, List.of())).isInstanceOf(BangerException.class);
    }
}
