package dev.banger.cli;

import dev.banger.api.BangerApi;
import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Files and trees between this machine and a running VM. */
final class Transfer {
    private static final int PIPE = 256 * 1024;

    private final BangerApi api;

    Transfer(BangerApi api) {
        this.api = api;
    }

    /** Puts a file or tree into a directory of the guest, which is there, as {@code entry}. */
    void upload(Path file, String vm, String directory, String entry) {
        AtomicReference<@Nullable IOException> failure = new AtomicReference<>();
        try (PipedInputStream tar = new PipedInputStream(PIPE)) {
            PipedOutputStream out = new PipedOutputStream(tar);
            Thread packer = Thread.ofPlatform().daemon().name("tar").start(() -> {
                try (out) {
                    Tar.pack(file, entry, out);
                } catch (IOException e) {
                    failure.set(e);
                }
            });
            api.upload(vm, directory, tar);
            tar.close();
            packer.join();
        } catch (IOException e) {
            failure.compareAndSet(null, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled", e);
        }
        failIf(failure.get(), "read " + file);
    }

    /** Gets a file or tree of the guest; {@code into}: into the directory {@code at}, under its own name, else as {@code at}. */
    void download(String vm, String path, Path at, boolean into) {
        AtomicReference<@Nullable IOException> failure = new AtomicReference<>();
        try (PipedInputStream tar = new PipedInputStream(PIPE)) {
            PipedOutputStream out = new PipedOutputStream(tar);
            Thread unpacker = Thread.ofPlatform().daemon().name("untar").start(() -> {
                try (tar) {
                    Tar.unpack(tar, at, into);
                } catch (IOException e) {
                    failure.set(e);
                } catch (RuntimeException e) { // a name or number that this host cannot have
                    failure.set(new IOException(e.getMessage(), e));
                }
            });
            BangerException refused = null;
            try (out) {
                api.download(vm, path, out);
            } catch (BangerException e) {
                refused = e;
            }
            unpacker.join();
            failIf(failure.get(), "write to " + at);
            if (refused != null) {
                throw refused;
            }
        } catch (IOException e) {
            failIf(e, "write to " + at);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled", e);
        }
    }

    private static void failIf(@Nullable IOException e, String what) {
        if (e != null) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot " + what + ": " + e.getMessage(), e);
        }
    }
}
