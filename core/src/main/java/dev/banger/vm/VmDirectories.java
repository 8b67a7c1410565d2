package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.operation.FileTree;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The directories of VMs: one each, named by the VM's id. Thread-safe. */
public final class VmDirectories {
    private static final int ATTEMPTS = 5;
    private static final Pattern ID = Pattern.compile("[0-9a-f]{12}");

    private final Path root;

    /** {@code root} need not be there. */
    public VmDirectories(Path root) {
        this.root = root;
    }

    Path root() {
        return root;
    }

    Path of(String id) {
        return root.resolve(id);
    }

    void create(Path directory) {
        try {
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw failed("make", directory, e);
        }
    }

    /** Makes a directory that was prepared elsewhere that of a VM. */
    void take(Path prepared, Path directory) {
        try {
            Files.move(prepared, directory, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw failed("make", directory, e);
        }
    }

    /** Removes the disks of a VM that never ran. */
    void forgetDisks(VmRecord vm) {
        for (String disk : List.of(vm.runtime().systemOverlay(), vm.runtime().workDisk())) {
            try {
                Files.deleteIfExists(Path.of(disk));
            } catch (IOException e) {
                throw failed("clear", vm.directory(), e);
            }
        }
    }

    /** Removes a VM's directory with all that is in it. Idempotent; follows no link. */
    void delete(Path directory) {
        if (!root.equals(directory.getParent())
                || !ID.matcher(directory.getFileName().toString()).matches()) {
            throw new IllegalArgumentException(directory + " is no VM's directory");
        }
        for (int attempt = 1; ; attempt++) {
            try {
                FileTree.delete(directory);
                return;
            } catch (DirectoryNotEmptyException e) {
                // The logger of a VMM that has just been killed may open its file once more.
                if (attempt == ATTEMPTS) {
                    throw failed("delete", directory, e);
                }
            } catch (IOException e) {
                throw failed("delete", directory, e);
            }
        }
    }

    /** Ids that have a directory. */
    public List<String> ids() {
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(root)) {
            return entries.filter(entry -> Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS))
                    .map(entry -> entry.getFileName().toString())
                    .filter(name -> ID.matcher(name).matches())
                    .toList();
        } catch (IOException e) {
            throw failed("list", root, e);
        }
    }

    private static BangerException failed(String what, Path directory, IOException e) {
        String reason = e.getMessage();
        ErrorCode code = reason != null && reason.contains("No space left")
                ? ErrorCode.RESOURCE_EXHAUSTED
                : ErrorCode.HOST_COMMAND_FAILED;
        return new BangerException(code, "cannot " + what + " the VM directory " + directory + ": " + reason, e);
    }
}
