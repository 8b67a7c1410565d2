package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The quick scenarios of the host lab, with QEMU and KVM: on a whole host that is a VM (docs/lab.md). */
@Order(15) // the longest, beside the others
class LabTest {
    private static final String RESULT = "[0-9]+-[a-z-]+ +qemu +[0-9]+ +[0-9]+ +(PASS|FAIL)";
    private static final int SCENARIOS = 5;

    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("lab");

    @TestFactory
    @Timeout(value = 45, unit = TimeUnit.MINUTES)
    Stream<DynamicTest> theQuickScenariosPass() {
        String lab = Path.of("..", "banger-lab").toAbsolutePath().normalize().toString();
        Map<String, String> environment = new HashMap<>(HOME.banger().environment());
        environment.put("BANGER_LAB_TREE", Banger.TREE.toString());
        environment.put("BANGER_LAB_SAVE", "no");
        environment.remove("FIRECRACKER_BIN"); // who has one runs all of it by hand

        Outcome run = new Call(List.of(lab, "run", "--quick"), environment)
                .within(Duration.ofMinutes(44))
                .run();
        run.stderr().lines().filter(line -> line.startsWith("banger-lab: ")).forEach(System.out::println);
        System.out.println(run.out());

        List<String> results =
                run.lines().stream().filter(line -> line.matches(RESULT)).toList();
        assertThat(results).as(run.toString()).hasSizeGreaterThanOrEqualTo(SCENARIOS);
        assertThat(run.out()).contains("QEMU with KVM ran; Firecracker did not run");
        return results.stream()
                .map(result -> DynamicTest.dynamicTest(
                        result, () -> assertThat(result).as(run.toString()).endsWith("PASS")));
    }
}
