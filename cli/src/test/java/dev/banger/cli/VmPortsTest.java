package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.VmState;
import java.util.List;
import org.junit.jupiter.api.Test;

class VmPortsTest {
    /** As a guest's kernel has it: sshd on all addresses, a server on loopback, one on both, an established connection, noise. */
    private static final String TABLES = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11021 1
               1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11022 1
               2: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11023 1
               3: 0F02000A:0016 0202000A:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 11024 1
               4: 0F02000A:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11025 1
              sl  local_address                         remote_address                        st
               0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000
               1: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 0A 00000000:00000000
               2: ZZZZ:0A 0A 0A 0A
            """;

    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    @Test
    void whatListensIsFoundOnceAndAsWidelyAsItDoes() {
        assertThat(ListeningPort.parse(TABLES))
                .containsExactly(
                        new ListeningPort(22, "all", null),
                        new ListeningPort(80, "all", null),
                        new ListeningPort(631, "loopback", null),
                        new ListeningPort(3000, "10.0.2.15", null),
                        new ListeningPort(8080, "loopback", null));
        assertThat(ListeningPort.parse("")).isEmpty();
    }

    @Test
    void itIsSaidWhereTheHostReachesIt() {
        banger.with(Samples.vm("dev", VmState.RUNNING)).programs(request -> FakeProgram.saying(TABLES, ""));

        assertThat(console.run(banger, "vm", "ports", "dev")).isZero();

        assertThat(banger.executed().command()).isEqualTo(List.of("cat", "/proc/net/tcp", "/proc/net/tcp6"));
        assertThat(console.out().lines().toList())
                .anySatisfy(line -> assertThat(line).matches("22 +all +\\S+:\\d+"))
                .anySatisfy(line -> assertThat(line).matches("8080 +loopback +-"))
                .anySatisfy(line -> assertThat(line).matches("3000 +10.0.2.15 +-"));
    }
}
