package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A guest that asks for names as fast as it can, and its neighbour. Times are printed; they are no matter of right or wrong. */
@ResourceLock(NetworkLab.NAME)
@Order(68)
class DnsFloodTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("flood");

    @TempDir
    static Path served;

    private static final int EXECS = 20;

    /** Runs until its stdin ends. In place of STEP it sends, or does nothing but take its part of the processor. */
    private static final String GUEST = """
            import select, socket, sys, time
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.connect((open('/etc/resolv.conf').read().split()[1], 53))
            s.setblocking(False)
            q = bytes.fromhex('123401000001000000000000' '05717569657402766d0000010001')  # quiet.vm, A
            begun = time.time(); sent = got = 0
            print('begun', flush=True)
            while not select.select([sys.stdin], [], [], 0)[0]:
                for i in range(50):
                    try:
                        STEP
                        sent += 1
                    except BlockingIOError: pass
                try:
                    while True: s.recv(512); got += 1
                except (BlockingIOError, ConnectionRefusedError): pass
            took = time.time() - begun
            print(int(sent / took), 'queries/s,', int(got / took), 'answered/s')
            """;

    private NetworkLab lab;
    private Banger banger;

    @BeforeAll
    void twoVms() throws IOException {
        lab = new NetworkLab(served);
        banger = HOME.banger().inNamespace(lab.host());
        for (String name : new String[] {"quiet", "loud"}) {
            banger.ok("vm", "create", "--name", name, "--memory", "256M", "--network", "bridge");
        }
    }

    @AfterAll
    void nothingIsLeft() {
        HOME.deleteVms();
        banger.ok("daemon", "stop");
        lab.close();
    }

    @Test
    void aFloodOfQueriesIsNobodyElsesTrouble() throws IOException {
        print("nothing", execs());
        print("a neighbour that spins", during("q[0]"));
        print("a neighbour that floods", during("s.send(q)"));
    }

    /** What execs on the quiet VM take while the loud one does this, and what it says of itself. */
    private String during(String step) throws IOException {
        try (Running guest = banger.exec("loud", "python3", "-u", "-c", GUEST.replace("STEP", step))
                .open()) {
            guest.awaitOutput("begun");
            String times = execs();
            assertThat(banger.shell("quiet", "getent hosts loud.vm | cut -d' ' -f1"))
                    .as("the quiet VM's names")
                    .isEqualTo(Outcome.text(banger.show("loud"), "address"));
            guest.stdin().close();
            String said = guest.await().expect(0).lines().getLast();
            return times + (step.contains("send") ? "; " + said : "");
        }
    }

    private String execs() {
        long[] millis = new long[EXECS];
        for (int i = 0; i < EXECS; i++) {
            long begun = System.nanoTime();
            banger.exec("quiet", "true").run().expect(0);
            millis[i] = (System.nanoTime() - begun) / 1_000_000;
        }
        Arrays.sort(millis);
        return "median %d ms, p90 %d ms".formatted(millis[EXECS / 2], millis[EXECS * 9 / 10]);
    }

    private static void print(String beside, String found) {
        System.out.printf(Locale.ROOT, "exec beside %s: %s%n", beside, found);
    }
}
