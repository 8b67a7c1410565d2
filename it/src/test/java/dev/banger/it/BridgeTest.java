package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

/** VMs at a bridge, with a daemon in a network namespace of its own. */
@ResourceLock(NetworkLab.NAME)
@Order(67)
class BridgeTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("bridge");

    @TempDir
    static Path served;

    @TempDir
    static Path resolved;

    private NetworkLab lab;
    private Banger banger;
    private String rules;
    private String links;

    @BeforeAll
    void aHostWithAnInternet() throws IOException {
        lab = new NetworkLab(served);
        banger = HOME.banger().inNamespace(lab.host());
        rules = lab.rules();
        links = lab.links();
    }

    /** After each test the host's rules are, byte for byte, what they were; and without a daemon so are its links. */
    @AfterEach
    void theHostIsAsBefore() {
        HOME.deleteVms();
        assertThat(lab.rules()).isEqualTo(rules);
        banger.ok("daemon", "stop");
        assertThat(lab.links()).isEqualTo(links);
    }

    @AfterAll
    void noLabIsLeft() {
        lab.close();
    }

    private Outcome fetch(String vm) {
        return banger.exec(vm, "curl", "-sS", "-m", "5", NetworkLab.url()).run();
    }

    private Outcome fetch(String vm, String name) {
        return banger.exec(vm, "curl", "-sS", "-m", "5", "http://" + name + "/hello")
                .run();
    }

    private String create(String name, String... more) {
        String[] words = new String[more.length + 8];
        System.arraycopy(
                new String[] {"vm", "create", "--name", name, "--memory", "256M", "--network", "bridge"},
                0,
                words,
                0,
                8);
        System.arraycopy(more, 0, words, 8, more.length);
        banger.ok(words);
        return Outcome.text(banger.show(name), "address");
    }

    @Test
    void verifyTriesNatAndLeavesNothing() {
        Outcome verified = banger.run("verify", "--nat", "--reach", NetworkLab.SERVER + ":80")
                .expect(0);

        assertThat(verified.lines())
                .hasSize(10)
                .allMatch(line -> line.startsWith("PASS  "))
                .anyMatch(line -> line.contains("NAT: the guest reaches " + NetworkLab.SERVER))
                .anyMatch(line -> line.contains("NAT off: its rules are gone"));
        assertThat(banger.ok("vm", "ls", "-q").out()).isEmpty();
    }

    /** Neither links nor rules of the network it is called in change, which has no way out for it either. */
    @Test
    void verifyByItselfIsInANetworkOfItsOwn() {
        Outcome verified = banger.run("verify", "--nat").expect(0);

        assertThat(verified.lines())
                .hasSize(10)
                .allMatch(line -> line.startsWith("PASS  "))
                .anyMatch(line -> line.contains("NAT: the guest reaches 192.0.2.1:53"))
                .anyMatch(line -> line.contains("NAT off: its rules are gone"));
        assertThat(lab.rules()).isEqualTo(rules);
        assertThat(lab.links()).isEqualTo(links);
        assertThat(Trees.names(HOME.path().resolve("cache/staging"))).isEmpty();
    }

    @Test
    void throughNatAGuestReachesTheInternetAndWithoutItDoesNot() {
        assertThat(banger.ok(
                                "vm",
                                "run",
                                "-q",
                                "--rm",
                                "--memory",
                                "256M",
                                "--network",
                                "bridge",
                                "--nat",
                                "--",
                                "curl",
                                "-sS",
                                "-m",
                                "20",
                                NetworkLab.url())
                        .line())
                .isEqualTo("hello from the internet");
        assertThat(banger.run(
                                "vm",
                                "run",
                                "-q",
                                "--rm",
                                "--memory",
                                "256M",
                                "--network",
                                "bridge",
                                "--",
                                "curl",
                                "-sS",
                                "-m",
                                "5",
                                NetworkLab.url())
                        .status())
                .as("curl's status")
                .isEqualTo(28);
        assertThat(lab.rules()).isEqualTo(rules);
    }

    @Test
    void aPreparedVmBecomesOneAtTheBridge() {
        banger.ok("daemon", "stop");
        Banger pooling = banger.with("BANGER_POOL_SIZE", "1");
        pooling.ok("vm", "run", "--rm", "--memory", "256M", "--network", "bridge", "--", "true");
        Awaitility.await("a prepared VM")
                .atMost(60, TimeUnit.SECONDS)
                .until(() ->
                        Outcome.number(banger.ok("daemon", "status", "--json").object(), "preparedVms") > 0);
        String address = create("dev", "--nat", "--publish", "8080:80");
        assertThat(banger.show("dev")).containsEntry("startedFrom", "pool");
        fetch("dev").expect(0);
        assertThat(banger.shell("dev", "ip -4 -o addr show eth0")).contains(address);
        assertThat(banger.ok("vm", "ssh", "dev", "--", "hostname").line()).isEqualTo("dev");
    }

    private long received(String vm) {
        return Outcome.number(Outcome.child(banger.show(vm), "traffic"), "receivedBytes");
    }

    @Test
    void aVmWithoutTrafficIsIdle() {
        String address = create("dev", "--idle-pause", "4s");
        String knock = "for i in $(seq 40); do echo > /dev/udp/" + address + "/9; sleep 0.2; done";
        lab.inHost("bash", "-c", knock).run().expect(0);
        assertThat(banger.state("dev")).as("after eight seconds of traffic").isEqualTo("running");
        Awaitility.await("a pause")
                .atMost(60, TimeUnit.SECONDS)
                .until(() -> banger.state("dev").equals("paused"));
        assertThat(banger.shell("dev", "hostname")).isEqualTo("dev");
    }

    @Test
    void aPortPublishedOnAnAddressOfTheHostIsReachedFromOutside() {
        create("dev", "--publish", NetworkLab.HOST + ":8081:80", "--publish", "8082:80");
        banger.ok(
                "vm",
                "create",
                "--name",
                "user",
                "--memory",
                "256M",
                "--publish",
                NetworkLab.HOST + ":8083:80",
                "--publish",
                "8084:80");
        for (String vm : new String[] {"dev", "user"}) {
            banger.shell(vm, "mkdir -p /srv/w && echo from-" + vm + " >/srv/w/hello");
            banger.shell(vm, "cd /srv/w && setsid python3 -m http.server 80 >/dev/null 2>&1 &");
        }
        assertThat(outside(8081).expect(0).line()).isEqualTo("from-dev");
        assertThat(outside(8083).expect(0).line()).isEqualTo("from-user");
        assertThat(lab.inInternet("curl", "-sS", "-m", "3", "http://" + NetworkLab.HOST + ":8082/")
                        .run()
                        .status())
                .as("for the host alone")
                .isNotZero();
        assertThat(lab.inInternet("curl", "-sS", "-m", "3", "http://" + NetworkLab.HOST + ":8084/")
                        .run()
                        .status())
                .as("for the host alone")
                .isNotZero();
        assertThat(banger.ok("vm", "ports", "dev").out()).contains(NetworkLab.HOST + ":8081");
        banger.run("vm", "create", "--memory", "256M", "--network", "bridge", "--publish", "0.0.0.0:8081:80")
                .refused(125, "8081", "already");
        banger.run("vm", "create", "--memory", "256M", "--publish", "203.0.113.9:8089:80")
                .refused(125, "203.0.113.9 is no address of this host");
        banger.run("vm", "create", "--network", "bridge", "--publish", "127.0.0.1:8089:80")
                .refused(2, "127.0.0.1");
        banger.ok("vm", "fork", "dev", "fork");
        assertThat(String.valueOf(banger.show("fork").get("ports")))
                .contains("8082")
                .doesNotContain("8081");
    }

    private Outcome outside(int port) {
        return lab.inInternet(
                        "curl",
                        "-sS",
                        "-m",
                        "20",
                        "--retry",
                        "5",
                        "--retry-all-errors",
                        "http://" + NetworkLab.HOST + ":" + port + "/hello")
                .run();
    }

    @Test
    void preparedVmsOfANetworkGoWithIt() {
        banger.ok("daemon", "stop");
        Banger pooling = banger.with("BANGER_POOL_SIZE", "1");
        pooling.ok("network", "create", "backend");
        pooling.ok("vm", "run", "--rm", "--memory", "256M", "--network", "backend", "--", "true");
        Awaitility.await("a prepared VM")
                .atMost(60, TimeUnit.SECONDS)
                .until(() ->
                        Outcome.number(banger.ok("daemon", "status", "--json").object(), "preparedVms") > 0);
        assertThat(lab.links()).isNotEqualTo(links);

        banger.ok("network", "rm", "backend");

        assertThat(lab.links()).isEqualTo(links);
        assertThat(Outcome.number(banger.ok("daemon", "status", "--json").object(), "preparedVms"))
                .isZero();
    }

    @Test
    void whatItReachesChangesWhileItRunsAndOutlivesTheDaemon() {
        String address = create("dev");
        assertThat(banger.show("dev")).containsEntry("startedFrom", "template").containsEntry("nat", false);
        assertThat(fetch("dev").status()).isNotZero();

        banger.ok("vm", "set", "dev", "--nat");
        fetch("dev").expect(0);
        String applied = lab.rules();
        banger.ok("internal", "nat", "up", "dev");
        assertThat(banger.ok("internal", "nat", "status", "dev").out()).contains("up0");
        assertThat(lab.rules().replaceAll("packets.*", ""))
                .as("twice is once")
                .isEqualTo(applied.replaceAll("packets.*", ""));

        long received = received("dev");
        assertThat(received).isPositive();

        Processes.signal(HOME.daemonPid(), "KILL");
        assertThat(banger.state("dev")).isEqualTo("running");
        fetch("dev").expect(0);
        assertThat(banger.ok("vm", "ssh", "dev", "--", "hostname").line()).isEqualTo("dev");
        assertThat(received("dev")).as("counted on").isGreaterThan(received);

        banger.ok("vm", "set", "dev", "--allow-host", NetworkLab.ELSEWHERE);
        assertThat(fetch("dev").status()).isNotZero();
        assertThat(Outcome.number(banger.show("dev"), "denied")).isPositive();
        banger.ok("vm", "set", "dev", "--allow-host", NetworkLab.SERVER + ":80");
        fetch("dev").expect(0);
        banger.ok("internal", "nat", "down", "dev");
        assertThat(fetch("dev").status()).isNotZero();
        assertThat(banger.run("internal", "nat", "status", "dev").status()).isEqualTo(1);

        banger.ok("vm", "stop", "dev");
        assertThat(lab.rules()).isEqualTo(rules);
        banger.ok("vm", "start", "dev");
        assertThat(received("dev")).as("since the start").isLessThan(received);
        assertThat(banger.show("dev")).containsEntry("address", address);
    }

    @Test
    void twoVmsReachTheHostsSideOnlyAndForksAreTheirOwn() {
        create("one", "--nat", "--publish", "8080:80");
        String two = create("two");
        banger.shell("one", "mkdir -p /srv/w && echo from-one >/srv/w/hello");
        banger.shell("one", "cd /srv/w && setsid python3 -m http.server 80 >/dev/null 2>&1 &");

        assertThat(banger.ok("vm", "ssh", "two", "--", "hostname").line()).isEqualTo("two");
        String connect = "timeout 5 bash -c 'exec 3<>/dev/tcp/" + two + "/22'";
        assertThat(banger.exec("two", "sh", "-c", connect).run().status())
                .as("two to itself")
                .isZero();
        assertThat(banger.exec("one", "sh", "-c", connect).run().status())
                .as("one to two")
                .isNotZero();
        banger.ok("vm", "fork", "one", "three");
        String three = Outcome.text(banger.show("three"), "address");
        assertThat(three).isNotEqualTo(Outcome.text(banger.show("one"), "address"));
        fetch("three").expect(0);
        assertThat(banger.shell("one", "getent hosts two.vm | cut -d' ' -f1")).isEqualTo(two);
        fetch("one").expect(0);
        for (String vm : new String[] {"one", "three"}) {
            String ports = banger.ok("vm", "ports", vm).out();
            assertThat(ports).as(vm).contains(Outcome.text(banger.show(vm), "address") + ":8080");
            String url = "http://" + Outcome.text(banger.show(vm), "address") + ":8080/hello";
            assertThat(lab.inHost("curl", "-sS", "-m", "20", "--retry", "5", "--retry-all-errors", url)
                            .run()
                            .expect(0)
                            .line())
                    .isEqualTo("from-one");
        }
    }

    @Test
    void vmsOfANamedNetworkSeeEachOtherAndNobodyElse() {
        banger.ok("network", "create", "backend", "--subnet", "10.99.0.0/24");
        banger.run("network", "create", "other", "--subnet", "10.99.0.0/16")
                .refused(125, "overlaps", "backend", "free");
        banger.ok("vm", "create", "--name", "web", "--memory", "256M", "--network", "backend");
        banger.ok("vm", "create", "--name", "db", "--memory", "256M", "--network", "backend", "--nat");
        String outsider = create("outsider");
        String db = Outcome.text(banger.show("db"), "address");
        assertThat(db).startsWith("10.99.0.");
        assertThat(banger.ok("network", "show", "backend").out()).contains("web, db", "10.99.0.0/24");

        String connect = "timeout 5 bash -c 'exec 3<>/dev/tcp/%s/22'";
        assertThat(banger.shell("web", "getent hosts db.vm | cut -d' ' -f1")).isEqualTo(db);
        banger.exec("web", "sh", "-c", connect.formatted("db.vm")).run().expect(0);
        assertThat(banger.exec("web", "sh", "-c", connect.formatted(outsider))
                        .run()
                        .status())
                .as("to another network")
                .isNotZero();
        assertThat(banger.exec("outsider", "sh", "-c", connect.formatted(db))
                        .run()
                        .status())
                .as("from another network")
                .isNotZero();
        assertThat(banger.exec("web", "getent", "hosts", "outsider.vm").run().status())
                .as("names of others")
                .isNotZero();
        fetch("db").expect(0);
        assertThat(fetch("web").status()).as("no NAT").isNotZero();
        assertThat(banger.ok("vm", "ssh", "web", "--", "hostname").line()).isEqualTo("web");

        Processes.signal(HOME.daemonPid(), "KILL");
        assertThat(banger.state("web")).isEqualTo("running");
        banger.exec("web", "sh", "-c", connect.formatted("db.vm")).run().expect(0);

        banger.run("network", "rm", "backend").refused(125, "in use by web, db");
        HOME.deleteVms();
        assertThat(lab.rules()).isEqualTo(rules);
        banger.ok("network", "rm", "backend");
        banger.run("vm", "create", "--network", "backend")
                .refused(2, "no network \"backend\"", "banger network create");
    }

    @Test
    void namesThatAreAllowedLeadToTheAddressesTheGuestIsTold() {
        create("dev", "--allow-host", "web.example.org:80", "--allow-host", "*.web.example.com");
        assertThat(fetch("dev").status()).as("not asked for yet").isNotZero();

        assertThat(fetch("dev", "web.example.org").expect(0).line()).isEqualTo("hello from the internet");
        fetch("dev").expect(0);
        assertThat(banger.show("dev").toString()).contains("name=web.example.org, address=" + NetworkLab.SERVER);
        assertThat(fetch("dev", "other.example.org").status())
                .as("curl's status")
                .isEqualTo(28);
        fetch("dev", "deep.web.example.com").expect(0);
        assertThat(fetch("dev", "rebound.web.example.com").status())
                .as("curl's status")
                .isEqualTo(28);
        assertThat(banger.ok("vm", "show", "dev").out())
                .contains("deep.web.example.com " + NetworkLab.SERVER)
                .doesNotContain("192.168.7.7");
        assertThat(Outcome.number(banger.show("dev"), "denied")).isPositive();

        Processes.signal(HOME.daemonPid(), "KILL");
        banger.ok("daemon", "start");
        fetch("dev").expect(0); // by its address: the guest need not ask again

        banger.ok("vm", "set", "dev", "--allow-host", "other.example.org");
        assertThat(fetch("dev").status()).isNotZero();
        assertThat(fetch("dev", "web.example.org").status()).isNotZero();
        banger.ok("vm", "set", "dev", "--allow-host", "web.example.org");
        fetch("dev", "web.example.org").expect(0);
    }

    /** With a resolvectl that writes down what it is asked, and what systemd-resolved leaves in /run. */
    @Test
    void thisHostsResolverIsToldOfTheBridgeAndForgetsIt() throws IOException {
        Path calls = resolved.resolve("calls");
        Path program = Files.createDirectories(resolved.resolve("bin")).resolve("resolvectl");
        Files.writeString(program, "#!/bin/sh\necho \"$@\" >>'" + calls + "'\n");
        assertThat(program.toFile().setExecutable(true)).isTrue();
        Banger there = banger.with("PATH", program.getParent() + ":" + System.getenv("PATH"))
                .with("BANGER_DNS_PORT", "42069")
                .under(
                        "sh",
                        "-c",
                        "mount -t tmpfs none /run && mkdir -p /run/systemd/resolve"
                                + " && : >/run/systemd/resolve/stub-resolv.conf && exec \"$@\"",
                        "sh");
        there.ok("daemon", "start");
        create("dev");
        String bridge = banger.show("dev").toString().replaceAll(".*address=(10\\.[0-9]+\\.[0-9]+)\\..*", "$1.1");
        Awaitility.await("a route")
                .atMost(Duration.ofSeconds(30))
                .until(() -> Files.exists(calls) && Files.readString(calls).contains("dnsovertls"));
        assertThat(Files.readAllLines(calls).getFirst()).startsWith("dns bgr").endsWith(bridge);

        banger.ok("daemon", "stop");
        assertThat(Files.readAllLines(calls))
                .as("the VM runs on, and nobody answers")
                .last()
                .asString()
                .startsWith("revert bgr");
        there.ok("daemon", "start");
        HOME.deleteVms();
        banger.ok("daemon", "stop");
        assertThat(Files.readAllLines(calls)).last().asString().startsWith("revert bgr");
        assertThat(Files.readAllLines(calls))
                .filteredOn(line -> line.startsWith("domain"))
                .hasSize(2);
    }

    /** All at once: the daemon and the VM are killed, and the next daemon finds their rules and links. */
    @Test
    void whatAKilledDaemonLeftIsCleanedUp() {
        create("dev", "--nat");
        assertThat(lab.rules()).isNotEqualTo(rules);
        Processes.signal(HOME.daemonPid(), "KILL");
        HOME.vmms().forEach(vmm -> Processes.signal(vmm.pid(), "KILL"));

        assertThat(banger.state("dev")).isEqualTo("stopped");

        assertThat(lab.rules()).isEqualTo(rules);
    }

    @Test
    void iptablesDoesTheSameWhereItIsChosen() {
        banger.ok("daemon", "stop");
        Banger chosen = banger.with("BANGER_FIREWALL", "iptables");
        chosen.ok("daemon", "start"); // doctor starts none
        assertThat(chosen.ok("doctor").out()).contains("by iptables");
        String address = create("dev", "--nat", "--publish", NetworkLab.HOST + ":8086:80");
        String other = create("other");
        fetch("dev").expect(0);
        assertThat(fetch("other").status()).isNotZero();
        assertThat(Outcome.number(banger.show("other"), "denied")).isPositive();
        assertThat(banger.exec("dev", "sh", "-c", "timeout 3 bash -c 'exec 3<>/dev/tcp/" + other + "/22'")
                        .run()
                        .status())
                .as("to the other")
                .isNotZero();
        banger.shell("dev", "mkdir -p /srv/w && echo from-dev >/srv/w/hello");
        banger.shell("dev", "cd /srv/w && setsid python3 -m http.server 80 >/dev/null 2>&1 &");
        assertThat(outside(8086).expect(0).line()).isEqualTo("from-dev");
        assertThat(lab.rules()).contains("chain banger-").contains(address);

        Processes.signal(HOME.daemonPid(), "KILL"); // and the next one prefers nftables
        assertThat(banger.state("dev")).isEqualTo("running");
        fetch("dev").expect(0);
        assertThat(banger.ok("doctor").out()).contains("nftables");
        banger.ok("vm", "set", "dev", "--no-nat");
        assertThat(fetch("dev").status()).isNotZero();
    }

    @Test
    void whatOnlyABridgeHasAsksForIt() {
        banger.ok("vm", "create", "--no-start", "--name", "asks", "--nat");
        assertThat(banger.show("asks")).containsEntry("network", "bridge").containsEntry("nat", true);
        banger.ok("vm", "delete", "asks");
    }

    @Test
    void whatCannotBeIsRefused() {
        banger.run("vm", "create", "--name", "x", "--network", "none").refused(2, "no network \"none\"", "bridge");
        banger.run("vm", "create", "--name", "x", "--network", "user", "--nat").refused(2, "--network bridge");
        banger.run("vm", "create", "--name", "x", "--network", "bridge", "--allow-host", "https://example.org")
                .refused(2, "https://example.org", "ADDRESS", "NAME");
        assertThat(banger.vms()).isEmpty();
    }
}
