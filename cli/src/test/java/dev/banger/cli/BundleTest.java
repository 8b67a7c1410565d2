package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BundleReport;
import java.util.List;
import org.junit.jupiter.api.Test;

class BundleTest {
    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    private static BundleReport report(String... problems) {
        return new BundleReport(
                "/b",
                "BANGER_RUNTIME_DIR",
                true,
                "bundle-1",
                "bundle-1",
                List.of(new BundleReport.Part("kernel", "/b/k", "/b/bundle.json:2")),
                List.of(problems));
    }

    @Test
    void eachPathIsShownWithWhereItCameFrom() {
        assertThat(console.run(banger.with(report()), "bundle", "show")).isZero();

        assertThat(console.out()).isEqualTo("""
                bundle: /b (named by BANGER_RUNTIME_DIR, described by bundle.json)
                KEY     PATH  FROM
                kernel  /b/k  /b/bundle.json:2
                """);
        assertThat(banger.asked().file()).isNull();
    }

    @Test
    void oneThatIsNamedIsRelativeToTheCaller() {
        assertThat(console.run(banger.with(report()), "bundle", "check", "there"))
                .isZero();

        assertThat(banger.asked().file())
                .isEqualTo(console.directory().resolve("there").toString());
        assertThat(console.out()).isEqualTo("/b: right, 1 paths\n");
    }

    @Test
    void everythingWrongIsAnErrorAndExitStatus2() {
        banger.with(report("/b/bundle.json:3:2: a", "b"));

        assertThat(console.run(banger, "bundle", "check")).isEqualTo(2);
        assertThat(console.err()).isEqualTo("banger: /b/bundle.json:3:2: a\nbanger: b\n");
        assertThat(console.run(banger, "bundle", "show")).isEqualTo(2);
    }
}
