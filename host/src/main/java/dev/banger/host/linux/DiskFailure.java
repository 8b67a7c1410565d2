package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a failure to write a file means: a full disk is the user's to clear; how much is left is said, and what gives some back. */
public final class DiskFailure {
    private static final String REMEDY =
            "; \"banger image cache prune\", \"banger template prune\" and \"banger image delete\" free what VMs do not need";

    private DiskFailure() {}

    public static BangerException of(String what, Path where, IOException cause) {
        String reason = String.valueOf(cause.getMessage());
        boolean full = reason.contains("No space left") || reason.contains("Disk quota exceeded");
        if (full) {
            return new BangerException(ErrorCode.RESOURCE_EXHAUSTED, what + ": the disk is full" + free(where), cause);
        }
        ErrorCode code =
                cause instanceof AccessDeniedException ? ErrorCode.PERMISSION_DENIED : ErrorCode.HOST_COMMAND_FAILED;
        return new BangerException(code, what + ": " + reason, cause);
    }

    /** The failure of a program that wrote to {@code where}, with what it was to do in front. */
    public static BangerException named(String what, Path where, BangerException cause) {
        String space = cause.code() == ErrorCode.RESOURCE_EXHAUSTED ? free(where) : "";
        return new BangerException(cause.code(), what + ": " + cause.getMessage() + space, cause.detail(), cause);
    }

    /** Refuses work that will write more to {@code where} than is free there; {@code what} it writes, for people. */
    public static void requireRoom(String what, long bytes, Path where) throws IOException {
        if (bytes > Files.getFileStore(where).getUsableSpace()) {
            throw new BangerException(
                    ErrorCode.RESOURCE_EXHAUSTED,
                    "there is no room for " + what + ", " + (bytes >> 20) + " MiB" + free(where));
        }
    }

    private static String free(Path where) {
        Path existing = where.toAbsolutePath();
        while (!Files.exists(existing) && existing.getParent() != null) {
            existing = existing.getParent();
        }
        try {
            long mebibytes = Files.getFileStore(existing).getUsableSpace() / (1024 * 1024);
            return " (" + existing + ": " + mebibytes + " MiB free)" + REMEDY;
        } catch (IOException e) {
            // The number is an extra; the failure itself is already being told.
            return "";
        }
    }
}
