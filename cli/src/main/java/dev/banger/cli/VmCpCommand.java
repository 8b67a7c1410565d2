package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
        new Transfer(api()).upload(file, vm, directory, entry);
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
        new Transfer(api()).download(vm, path, at, into);
    }
}
