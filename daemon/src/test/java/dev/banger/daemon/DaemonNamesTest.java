package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.ErrorCode;
import dev.banger.config.Settings;
import dev.banger.host.dns.AnswerListener;
import dev.banger.host.dns.DnsServer;
import dev.banger.host.dns.Forwarding;
import dev.banger.host.dns.ListenAddress;
import dev.banger.host.dns.ListenAddress.Role;
import dev.banger.host.dns.MappingTool;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.network.NameServer;
import dev.banger.network.NoNameServer;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/** Names of VMs, from a command at the daemon's socket to a query at its DNS port. */
@Timeout(60)
class DaemonNamesTest {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    private Path directory;

    private static Message ask(InetSocketAddress server, String name) throws IOException {
        SimpleResolver resolver = new SimpleResolver(server);
        resolver.setTimeout(PATIENCE);
        return resolver.send(Message.newQuery(Record.newRecord(Name.fromString(name), Type.A, DClass.IN)));
    }

    private static int freePort() throws IOException {
        try (ServerSocket any = new ServerSocket(0, 1, LOOPBACK)) {
            return any.getLocalPort();
        }
    }

    private static Check namesCheck(RunningDaemon daemon) {
        return daemon.api().doctor().checks().stream()
                .filter(check -> check.subject().equals("names"))
                .findFirst()
                .orElseThrow();
    }

    private static Check awaitNamesCheck(RunningDaemon daemon, Predicate<Check> wanted) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        Check check = namesCheck(daemon);
        for (int i = 0; i < 1000 && !wanted.test(check); i++) {
            assertThat(never.await(10, TimeUnit.MILLISECONDS)).isFalse();
            check = namesCheck(daemon);
        }
        return check;
    }

    @Test
    void aNameResolvesWhileItsVmRunsAndNotAfter_D4() throws Exception {
        try (DnsServer names = new DnsServer(
                        List.of(new ListenAddress(new InetSocketAddress(LOOPBACK, 0), Role.HOST)),
                        new Forwarding(List::of, PATIENCE, 8, AnswerListener.NONE));
                MemoryDaemon daemon = new MemoryDaemon(directory, names)) {
            InetSocketAddress server = names.awaitAddresses(PATIENCE).getFirst();
            assertThat(ask(server, "dev.vm.").getRcode()).isEqualTo(Rcode.NXDOMAIN);
            try (FrameClient client = daemon.connect()) {
                assertThat(client.run("vm", "create", "--name", "dev").status()).isZero();
            }

            Message answer = ask(server, "dev.vm.");
            assertThat(answer.getSection(Section.ANSWER)).hasSize(1);
            assertThat(daemon.get("/v1/vms/dev").body())
                    .contains(answer.getSection(Section.ANSWER).getFirst().rdataToString());

            try (FrameClient client = daemon.connect()) {
                assertThat(client.run("vm", "stop", "dev").status()).isZero();
            }
            assertThat(ask(server, "dev.vm.").getRcode()).isEqualTo(Rcode.NXDOMAIN);
        }
    }

    @Test
    void theDaemonListensOnThePortItIsGivenUntilItEnds() throws Exception {
        int port = freePort();
        try (RunningDaemon daemon = RunningDaemon.in(directory, Map.of("BANGER_DNS_PORT", Integer.toString(port)))) {
            Check check = awaitNamesCheck(daemon, each -> each.status() == Status.PASS);

            assertThat(check.finding()).contains("127.0.0.1:" + port, "0 names");
            assertThat(ask(new InetSocketAddress(LOOPBACK, port), "dev.vm.").getRcode())
                    .isEqualTo(Rcode.NXDOMAIN);
        }
        new DatagramSocket(new InetSocketAddress(LOOPBACK, port)).close();
        new ServerSocket(port, 1, LOOPBACK).close();
    }

    @Test
    void aDaemonWhosePortIsTakenStartsAndSaysSo_P49() throws Exception {
        try (DatagramSocket other = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0));
                RunningDaemon daemon = RunningDaemon.in(
                        directory, Map.of("BANGER_DNS_PORT", Integer.toString(other.getLocalPort())))) {
            assertThat(daemon.run("version").last().number()).isZero();

            Check check = awaitNamesCheck(daemon, each -> each.finding().contains("in use"));

            assertThat(check.status()).isEqualTo(Status.WARN);
            assertThat(check.finding()).contains("127.0.0.1:" + other.getLocalPort(), "in use");
            assertThat(check.advice()).contains("BANGER_DNS_PORT");
        }
    }

    @Test
    void twoDaemonsOnOnePortKnowOfEachOther_P55() throws Exception {
        Map<String, String> settings = Map.of("BANGER_DNS_PORT", Integer.toString(freePort()));
        try (RunningDaemon first = RunningDaemon.in(directory.resolve("first"), settings)) {
            awaitNamesCheck(first, each -> each.status() == Status.PASS);
            try (RunningDaemon second = RunningDaemon.in(directory.resolve("second"), settings)) {
                assertThat(awaitNamesCheck(second, each -> each.finding().contains("another banger"))
                                .finding())
                        .contains("pid=" + ProcessHandle.current().pid());
            }
        }
    }

    @Test
    void aMappingToolTakesTheServersPlace_D5() throws Exception {
        Path file = directory.resolve("names");
        Map<String, String> settings = Map.of("BANGER_MAPDNS_DATA_FILE", file.toString());
        try (RunningDaemon daemon = RunningDaemon.in(directory.resolve("home"), settings)) {
            assertThat(namesCheck(daemon).finding()).contains("0 published in " + file);
        }
        assertThat(Files.readString(file)).startsWith("# Written by banger");
    }

    private static NameServer nameServer(Map<String, String> environment) {
        return NameSettings.nameServer(Settings.of(environment), new ProgramRunner(Map.of()));
    }

    @Test
    void settingsChooseWhoAnswers() {
        assertThat(nameServer(Map.of())).isInstanceOf(DnsServer.class);
        assertThat(nameServer(Map.of("BANGER_DNS_PORT", ""))).isInstanceOf(DnsServer.class);
        assertThat(nameServer(Map.of("BANGER_DNS_PORT", "0"))).isInstanceOf(NoNameServer.class);
        assertThat(nameServer(Map.of("BANGER_DNS_PORT", "53", "BANGER_MAPDNS_DATA_FILE", "/tmp/x")))
                .isInstanceOf(MappingTool.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"65536", "-1", "dns", "53 ", "0x35", "123456"})
    void whatIsNoPortIsRefused(String port) {
        assertThatThrownBy(() -> nameServer(Map.of("BANGER_DNS_PORT", port)))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
                .hasMessageContaining("BANGER_DNS_PORT is a port from 1 to 65535");
    }

    @Test
    void aMappingToolNeedsAFileAndWholePaths() {
        assertThatThrownBy(() -> nameServer(Map.of("BANGER_MAPDNS_BIN", "/usr/bin/true")))
                .hasMessageContaining("BANGER_MAPDNS_DATA_FILE");
        assertThatThrownBy(() -> nameServer(Map.of("BANGER_MAPDNS_DATA_FILE", "names")))
                .hasMessageContaining("a path from the root on");
    }
}
