package dev.banger.host.store;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.vm.HandleFiles;
import dev.banger.vm.VmHandles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code handles.json} in a VM's directory. Thread-safe as long as one VM's file is written by one thread at a time. */
public final class HandleFile implements HandleFiles {
    private static final String NAME = "handles.json";
    private static final Logger LOG = LoggerFactory.getLogger(HandleFile.class);
    private static final int LONGEST = 64 * 1024;

    @Override
    public Found read(Path directory) {
        Path file = directory.resolve(NAME);
        try {
            if (Files.size(file) > LONGEST) {
                return setAside(file);
            }
            VmHandles handles = StoredJson.HANDLES.fromJson(Files.readString(file));
            // A pid of 0 or 1 can only come from a damaged file, and must never be signalled.
            return handles != null && handles.pid() > 1 && handles.startTicks() > 0
                    ? new Found.Handles(handles)
                    : setAside(file);
        } catch (NoSuchFileException e) {
            return new Found.Missing();
        } catch (IOException | RuntimeException e) { // the parser throws what it likes on garbage
            return setAside(file);
        }
    }

    private static Found setAside(Path file) {
        Path aside = file.resolveSibling(NAME + ".corrupt");
        try {
            Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
            return new Found.Corrupt(aside);
        } catch (IOException e) {
            LOG.warn("The damaged {} cannot be set aside", file, e);
            return new Found.Corrupt(file);
        }
    }

    @Override
    public void write(Path directory, VmHandles handles) {
        Path file = directory.resolve(NAME);
        try {
            Path unfinished = file.resolveSibling(NAME + ".new");
            Files.writeString(unfinished, StoredJson.HANDLES.toJsonPretty(handles));
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot write " + file + ": " + e, e);
        }
    }

    @Override
    public void delete(Path directory) {
        Path file = directory.resolve(NAME);
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot delete " + file + ": " + e, e);
        }
    }
}
