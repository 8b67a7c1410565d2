package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublishedFileTest {
    @Test
    void aFileAppearsWithAllItsContent(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("new/file");

        PublishedFile.publish(file, unfinished -> {
            assertThat(file).doesNotExist();
            Files.writeString(unfinished, "content");
        });

        assertThat(file).hasContent("content");
        assertThat(file.getParent()).isDirectoryContaining("glob:**/file");
    }

    @Test
    void aFailureLeavesTheOldFileAndNothingElse_P28(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "old");

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> PublishedFile.publish(file, unfinished -> {
                    Files.writeString(unfinished, "half");
                    throw new IOException("No space left on device");
                }))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.RESOURCE_EXHAUSTED))
                .withMessageContaining(file.toString())
                .withMessageContaining("MiB free");

        assertThat(file).hasContent("old");
        try (var files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }
}
