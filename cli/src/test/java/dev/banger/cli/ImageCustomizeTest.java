package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageCustomizeTest {
    private static final String DELETED = "delete " + Samples.ID;

    @TempDir
    private Path directory;

    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    private int customize(String... more) {
        String[] words = new String[more.length + 4];
        System.arraycopy(new String[] {"image", "customize", "debian", "new"}, 0, words, 0, 4);
        System.arraycopy(more, 0, words, 4, more.length);
        return console.run(banger, words);
    }

    @Test
    void runsTheScriptAndSavesTheImage() throws InterruptedException, IOException {
        FakeProgram script = FakeProgram.saying("working\n", "");
        banger.running(script);
        Path file = Files.writeString(directory.resolve("setup.sh"), "echo working\n");

        assertThat(customize("--script", file.toString())).isZero();

        assertThat(script.input()).isEqualTo("echo working\n");
        assertThat(console.out()).isEqualTo("working\nnew\n");
        assertThat(banger.calls()).last().isEqualTo("keep " + Samples.ID + " as new");
    }

    @Test
    void aScriptThatFailsGivesItsStatusAndNoImage() {
        banger.running(FakeProgram.ending(7));

        assertThat(console.typing("exit 7\n").run(banger, "image", "customize", "debian", "new", "--script", "-"))
                .isEqualTo(7);

        assertThat(console.err()).contains("status 7", "no image");
        assertThat(banger.calls())
                .noneMatch(call -> call.startsWith("keep"))
                .last()
                .isEqualTo(DELETED);
    }

    @Test
    void theVmIsDeletedWhenNoImageCanBeMadeOfIt() {
        banger.refuse("new", new BangerException(ErrorCode.DATA_CORRUPT, "it is damaged"));

        assertThat(console.typing("true\n").run(banger, "image", "customize", "debian", "new", "--script", "-"))
                .isEqualTo(125);

        assertThat(console.err()).contains("it is damaged");
        assertThat(banger.calls()).last().isEqualTo(DELETED);
    }

    @Test
    void aTakenNameIsRefusedBeforeTheWork() {
        assertThat(console.typing("true\n").run(banger, "image", "customize", "debian", "mine", "--script", "-"))
                .isEqualTo(125);

        assertThat(console.err()).contains("--replace");
        assertThat(banger.calls()).isEmpty();
    }

    @Test
    void aWrongNameIsRefusedBeforeTheWork() {
        assertThat(console.typing("true\n").run(banger, "image", "customize", "debian", "A B", "--script", "-"))
                .isEqualTo(2);

        assertThat(console.err()).contains("lower-case letters");
        assertThat(banger.calls()).isEmpty();
    }

    @Test
    void whatToDoMustBeSaid() {
        assertThat(customize()).isEqualTo(2);
        assertThat(customize("--script", "x", "--interactive")).isEqualTo(2);
        assertThat(customize("--interactive")).as("without a terminal").isEqualTo(2);
        assertThat(customize("--script", directory.resolve("nosuch").toString()))
                .isEqualTo(125);
        assertThat(banger.calls()).isEmpty();
    }
}
