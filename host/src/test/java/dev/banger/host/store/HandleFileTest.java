package dev.banger.host.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.testkit.HandleFilesConformance;
import dev.banger.vm.HandleFiles;
import dev.banger.vm.HandleFiles.Found;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HandleFileTest extends HandleFilesConformance {
    @TempDir
    private Path directory;

    @Override
    protected HandleFiles files() {
        return new HandleFile();
    }

    @Override
    protected Path directory() {
        return directory;
    }

    @Override
    protected void damage(HandleFiles files, Path directory) {
        try {
            Path file = directory.resolve("handles.json");
            Files.writeString(file, Files.readString(file).substring(0, 20)); // cut off in the middle
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{}",
                "null",
                "[]",
                "garbage",
                "{\"pid\":1,\"startTicks\":5,\"vmm\":\"qemu\",\"acceleration\":\"tcg\",\"sshPort\":1,\"ports\":[]}",
                "{\"pid\":-1,\"startTicks\":5,\"vmm\":\"qemu\",\"acceleration\":\"tcg\",\"sshPort\":1,\"ports\":[]}",
                "{\"pid\":\"many\"}",
                "\u0000\u0001\u0002"
            })
    void damagedContentNeverNamesAProcess_B4(String content) throws Exception {
        Files.writeString(directory.resolve("handles.json"), content);

        assertThat(new HandleFile().read(directory)).isInstanceOf(Found.Corrupt.class);
        assertThat(directory.resolve("handles.json.corrupt")).hasContent(content);
    }

    @Test
    void anEndlessFileIsNotRead() throws Exception {
        Files.write(directory.resolve("handles.json"), new byte[100_000]);
        assertThat(new HandleFile().read(directory)).isInstanceOf(Found.Corrupt.class);
    }
}
