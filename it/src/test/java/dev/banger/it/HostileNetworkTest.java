package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A real guest that sends what it should not, through a daemon's life: nothing of it arrives, and what is honest does. */
@ResourceLock(NetworkLab.NAME)
@Order(69)
class HostileNetworkTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("hostile-net");

    @TempDir
    static Path served;

    private NetworkLab lab;
    private Banger banger;

    @BeforeAll
    void twoVms() throws IOException {
        lab = new NetworkLab(served);
        banger = HOME.banger().inNamespace(lab.host());
        for (String name : new String[] {"attacker", "victim"}) {
            banger.ok("vm", "create", "--name", name, "--memory", "256M", "--network", "bridge", "--nat");
            banger.exec(name, "sh", "-c", "cat >/root/probe.py")
                    .input(script(name.equals("attacker") ? "hostile.py" : "sniff.py"))
                    .run()
                    .expect(0);
        }
    }

    @AfterAll
    void nothingIsLeft() {
        HOME.deleteVms();
        banger.ok("daemon", "stop");
        lab.close();
    }

    private static String script(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(HostileNetworkTest.class.getResourceAsStream(name))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void nothingHostileArrivesNorAfterAFlushNorAfterTheDaemonWasKilled() throws IOException {
        attack();

        lab.inHost("nft", "flush", "ruleset").run().expect(0);
        Awaitility.await("the rules' repair")
                .atMost(60, TimeUnit.SECONDS)
                .until(() -> lab.rules().contains("from-guest"));
        attack();

        Processes.signal(HOME.daemonPid(), "KILL");
        assertThat(banger.state("victim")).isEqualTo("running");
        attack();
    }

    private void attack() throws IOException {
        String victim = Outcome.text(banger.show("victim"), "address");
        String victimMac = banger.shell("victim", "cat /sys/class/net/eth0/address");
        String gateway = banger.shell("attacker", "ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p'");
        String bridge =
                Outcome.text(banger.ok("network", "show", "--json", "bridge").object(), "bridge");
        String bridgeMac = lab.inHost("cat", "/sys/class/net/" + bridge + "/address")
                .run()
                .expect(0)
                .line();
        List<String> before = state(gateway);
        try (Running host = NetworkLab.listener(lab.host(), 9999);
                Running internet = NetworkLab.listener(lab.internet(), 9999);
                Running guest = banger.exec("victim", "python3", "-u", "/root/probe.py", bridgeMac)
                        .open()) {
            guest.awaitOutput("listening");
            String sent = banger.exec(
                            "attacker",
                            "python3",
                            "/root/probe.py",
                            gateway,
                            victim,
                            NetworkLab.HOST,
                            NetworkLab.SERVER,
                            victimMac)
                    .run()
                    .expect(0)
                    .line();
            assertThat(Integer.parseInt(sent)).isGreaterThanOrEqualTo(40);
            internet.awaitOutput("control"); // what is honest arrives, and in order behind all the rest
            lab.inHost("bash", "-c", "echo control > /dev/udp/" + victim + "/9")
                    .run()
                    .expect(0);
            guest.awaitOutput("True");

            assertThat(internet.out()).doesNotContain("hostile");
            assertThat(host.out()).doesNotContain("hostile").doesNotContain("control");
            guest.stdin().close();
            assertThat(guest.await().expect(0).lines().stream().filter(line -> line.endsWith("False")))
                    .as("frames at the victim")
                    .isEmpty();
        }
        assertThat(state(gateway)).isEqualTo(before);
        assertThat(banger.ok("vm", "ssh", "victim", "--", "hostname").line()).isEqualTo("victim");
    }

    /** The host's routes, and whom it knows by which MAC address; how sure it is of that changes by itself. */
    private List<String> state(String gateway) {
        for (String vm : new String[] {"attacker", "victim"}) {
            banger.shell(vm, "getent hosts victim.vm | cut -d' ' -f1"); // both are known
        }
        assertThat(gateway).isNotEmpty();
        List<String> state = new ArrayList<>();
        state.add(lab.inHost("ip", "route", "show", "table", "all")
                .run()
                .expect(0)
                .out());
        state.add(lab.inHost("ip", "-6", "route", "show", "table", "all")
                .run()
                .expect(0)
                .out());
        lab.inHost("ip", "-4", "neigh").run().expect(0).lines().stream()
                .map(line -> line.replaceAll(" [A-Z]+ *$", ""))
                .sorted()
                .forEach(state::add);
        return state;
    }
}
