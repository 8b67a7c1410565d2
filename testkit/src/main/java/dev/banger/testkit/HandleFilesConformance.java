package dev.banger.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.vm.HandleFiles;
import dev.banger.vm.HandleFiles.Found;
import dev.banger.vm.VmHandles;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What every {@link HandleFiles} does. */
public abstract class HandleFilesConformance {
    private static final VmHandles HANDLES = VmHandles.ofProcess(4711, 99, "qemu", "tcg", 2222, List.of());

    protected abstract HandleFiles files();

    /** A VM's directory, without a file in it. */
    protected abstract Path directory();

    /** Damages what {@link HandleFiles#write} wrote there. */
    protected abstract void damage(HandleFiles files, Path directory);

    @Test
    void aMissingFileIsNormal() {
        assertThat(files().read(directory())).isInstanceOf(Found.Missing.class);
    }

    @Test
    void givesBackWhatWasWritten() {
        HandleFiles files = files();
        Path directory = directory();

        files.write(directory, HANDLES);

        assertThat(files.read(directory)).isEqualTo(new Found.Handles(HANDLES));
    }

    @Test
    void aDamagedFileIsSetAsideAndThenMissing() {
        HandleFiles files = files();
        Path directory = directory();
        files.write(directory, HANDLES);
        damage(files, directory);

        assertThat(files.read(directory)).isInstanceOf(Found.Corrupt.class);
        assertThat(files.read(directory)).isInstanceOf(Found.Missing.class);
    }

    @Test
    void deletingTwiceIsHarmless() {
        HandleFiles files = files();
        Path directory = directory();
        files.write(directory, HANDLES);

        files.delete(directory);
        files.delete(directory);

        assertThat(files.read(directory)).isInstanceOf(Found.Missing.class);
    }
}
