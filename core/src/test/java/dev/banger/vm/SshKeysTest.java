package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SshKeysTest {
    @TempDir
    private Path directory;

    @Test
    void opensshReadsThePrivateKeyAndFindsThePublicOneInIt() throws Exception {
        SshKeys.Pair pair = SshKeys.generate("banger test");
        Path file = Files.createFile(
                directory.resolve("key"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, pair.privateKey());

        Process keygen = new ProcessBuilder("ssh-keygen", "-y", "-f", file.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(keygen.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();

        assertThat(keygen.waitFor()).as(said).isZero();
        assertThat(said).isEqualTo(pair.publicLine());
    }

    @Test
    void everyPairIsAnotherOneAndToStringHidesTheSecret() {
        SshKeys.Pair one = SshKeys.generate("a");
        assertThat(one.publicLine()).isNotEqualTo(SshKeys.generate("a").publicLine());
        assertThat(one.toString()).doesNotContain("PRIVATE");
    }
}
