package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest writes the console log, so a terminal must be shielded from it (threats C13). */
class VmLogsTest {
    private final ScriptedBanger banger = new ScriptedBanger();

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\u001b]0;owned\u0007", // sets the window's title
                "\u001b[2J", // clears the screen
                "\u001b[21t", // makes the terminal answer on its input
                "\b\b\b", // overwrites what stands there
                "\r", // so does this
                "\u009b2J", // CSI as one character (ECMA-48, C1)
                "\u009d0;owned\u009c", // OSC as one character
                "\u007f"
            })
    void noControlSequenceReachesATerminal(String hostile) {
        ScriptedConsole terminal = ScriptedConsole.terminal();
        banger.logging(bytes("before" + hostile + "after\n\tend\n"));

        assertThat(terminal.run(banger, "vm", "logs", "dev")).isZero();

        assertThat(terminal.out().codePoints().filter(c -> Character.isISOControl(c) && c != '\n' && c != '\t'))
                .isEmpty();
        assertThat(terminal.out()).startsWith("before").endsWith("after\n\tend\n");
    }

    @Test
    void textBeyondAsciiStaysWhole() {
        ScriptedConsole terminal = ScriptedConsole.terminal();
        banger.logging(bytes("größe ✓ Ü Û\n"));

        terminal.run(banger, "vm", "logs", "dev");

        assertThat(terminal.out()).isEqualTo("größe ✓ Ü Û\n");
    }

    @Test
    void aFileGetsEveryByte() {
        ScriptedConsole console = ScriptedConsole.piped();
        banger.logging(bytes("a\u001b[2Jb\r\n"));

        console.run(banger, "vm", "logs", "dev");

        assertThat(console.out()).isEqualTo("a\u001b[2Jb\r\n");
    }

    @Test
    void whichLogIsTheCallersChoice() {
        ScriptedConsole console = ScriptedConsole.piped();

        console.run(banger, "vm", "logs", "dev");
        console.run(banger, "vm", "logs", "--vmm", "-f", "dev");

        assertThat(banger.calls()).containsExactly("logs of CONSOLE dev", "logs of VMM on and on dev");
    }
}
