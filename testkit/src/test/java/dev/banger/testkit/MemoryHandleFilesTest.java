package dev.banger.testkit;

import dev.banger.vm.HandleFiles;
import java.nio.file.Path;

class MemoryHandleFilesTest extends HandleFilesConformance {
    @Override
    protected HandleFiles files() {
        return new MemoryHandleFiles();
    }

    @Override
    protected Path directory() {
        return Path.of("/vms/1");
    }

    @Override
    protected void damage(HandleFiles files, Path directory) {
        ((MemoryHandleFiles) files).corrupt(directory);
    }
}
