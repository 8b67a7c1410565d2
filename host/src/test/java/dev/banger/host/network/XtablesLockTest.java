package dev.banger.host.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.bridge.IpLinks;
import dev.banger.host.firewall.IptablesFirewall;
import dev.banger.host.firewall.NftFirewall;
import dev.banger.host.linux.NetworkLab;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.network.Egress;
import dev.banger.network.Firewall;
import dev.banger.network.GuestPort;
import dev.banger.network.HostNetwork;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Another program has the lock of iptables-legacy, and does not let go of it. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class XtablesLockTest {
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final NetworkLab lab = new NetworkLab();

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        lab.close();
    }

    private ProgramRunner programs() {
        Map<String, String> environment = new HashMap<>(System.getenv());
        // The machine's own lock is not ours to take.
        environment.put("XTABLES_LOCKFILE", directory.resolve("lock").toString());
        return new ProgramRunner(environment);
    }

    private Process holder() throws IOException {
        Process holder = new ProcessBuilder(
                        "flock", directory.resolve("lock").toString(), "sh", "-c", "echo held; exec cat")
                .start();
        BufferedReader said = holder.inputReader();
        assertThat(said.readLine()).isEqualTo("held");
        return holder;
    }

    private void isWaitedFor(Firewall firewall) throws Exception {
        HostNetwork network = new HostNetwork(
                BridgedLab.HOME, BridgedLab.BRIDGE, new IpLinks(lab.programs, lab.prefix(), lab::kernel), firewall, 2);
        network.open(List.of());
        GuestPort port = BridgedLab.port("vm1", network.acquireTap(), 10, new Egress.Everything());
        String before = lab.rules();
        Process holder = holder();
        try {
            assertThatThrownBy(() -> network.plug(port))
                    .isInstanceOfSatisfying(
                            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TIMED_OUT))
                    .hasMessageContaining("held the lock of the firewall (/run/xtables.lock) for 1 s")
                    .hasMessageContaining("fuser");
        } finally {
            holder.getOutputStream().close();
            assertThat(holder.waitFor(20, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(lab.rules()).isEqualTo(before);

        network.plug(port);
        assertThat(lab.rules()).isNotEqualTo(before);
        assertThat(network.reconcile().clean()).isTrue();
        network.unplug("vm1");
        assertThat(lab.rules()).isEqualTo(before);
    }

    @Test
    void rulesOfIptablesAreAllMadeOrNone() throws Exception {
        isWaitedFor(new IptablesFirewall(programs(), lab.prefix(), lab::opened, "iptables-legacy", PATIENCE));
    }

    @Test
    void rulesOfNftablesThatNeedAnExceptionAreAllMadeOrNone() throws Exception {
        lab.onHost("iptables-legacy", "-P", "FORWARD", "DROP");
        isWaitedFor(new NftFirewall(programs(), lab.prefix(), lab::opened, PATIENCE));
    }
}
