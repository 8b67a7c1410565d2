package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "cp",
        description = {
            "Copy files and directories between this machine and a running VM.",
            "",
            "One side is VM:PATH. A target that is a directory gets the source put into it, as with cp -r.",
            ""
        },
        footer = {"", "Examples:", "  banger vm cp ./app dev:/root/", "  banger vm cp dev:/var/log/syslog ."})
final class VmCpCommand extends Leaf {
    private static final int PIPE = 256 * 1024;

    @Parameters(index = "0", paramLabel = "SOURCE", description = "PATH or VM:PATH.")
    private String source = "";

    @Parameters(index = "1", paramLabel = "TARGET", description = "PATH or VM:PATH.")
    private String target = "";

    VmCpCommand(Session session) {
        super(session);
    }

    /** A path in a VM, or {@code vm} null for one on this machine. */
    private record Place(@Nullable String vm, String path) {
        static Place of(String text) {
            int colon = text.indexOf(':');
            int slash = text.indexOf('/');
            return colon > 0 && (slash < 0 || colon < slash)
                    ? new Place(text.substring(0, colon), text.substring(colon + 1))
                    : new Place(null, text);
        }
    }

    @Override
    public Integer call() {
        Place from = Place.of(source);
        Place to = Place.of(target);
        if (from.vm() == null && to.vm() != null) {
            upload(from.path(), to.vm(), to.path());
        } else if (from.vm() != null && to.vm() == null) {
            download(from.vm(), from.path(), to.path());
        } else {
            throw BangerException.invalid("one of the two must be in a VM: write it as VM:PATH");
        }
        return 0;
    }

    private void upload(String local, String vm, String remote) {
        Path file = console().directory().resolve(local);
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw BangerException.notFound("there is no " + file);
        }
        String path = remote.isEmpty() ? "/root/" : remote.startsWith("/") ? remote : "/root/" + remote;
        boolean into = path.endsWith("/") || isDirectory(vm, path);
        Path name = file.toAbsolutePath().normalize().getFileName();
        String plain = path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        int slash = plain.lastIndexOf('/');
        String directory = into ? plain : slash == 0 ? "/" : plain.substring(0, slash);
        String entry = into ? String.valueOf(name) : plain.substring(slash + 1);
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
            api().upload(vm, directory, tar);
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

    private boolean isDirectory(String vm, String path) {
        try (ExecSession test =
                api().exec(vm, new ExecRequest(List.of("test", "-d", path), Map.of(), "/", null, null))) {
            return test.await() == 0;
        } catch (BangerException e) {
            if (e.code() == ErrorCode.COMMAND_NOT_FOUND) {
                return false; // an image without test(1): the path is taken as it stands
            }
            throw e;
        }
    }

    private void download(String vm, String remote, String local) {
        if (remote.isEmpty()) {
            throw BangerException.invalid("say what to copy: VM:PATH");
        }
        String path = remote.startsWith("/") ? remote : "/root/" + remote;
        Path at = console().directory().resolve(local).normalize();
        boolean into = local.endsWith("/") || Files.isDirectory(at);
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
                api().download(vm, path, out);
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
