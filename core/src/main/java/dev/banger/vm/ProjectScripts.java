package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import dev.banger.api.VmProject;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Runs the scripts of a VM's project in its guest, one after the other, until one fails. */
final class ProjectScripts {
    private static final int LONGEST_LINE = 4096;
    private static final int SHOWN_LINES = 20;

    private final VmRecord vm;
    private final GuestChannel channel;
    private final Progress progress;

    ProjectScripts(VmRecord vm, GuestChannel channel, Progress progress) {
        this.vm = vm;
        this.channel = channel;
        this.progress = progress;
    }

    /** Fails with the name and status of a script that did. */
    void run(VmProject project, String kind, List<VmProject.Script> scripts) {
        for (VmProject.Script script : scripts) {
            progress.stage("running the " + kind + " script " + script.name());
            run(project, kind, script);
        }
    }

    private void run(VmProject project, String kind, VmProject.Script script) {
        // Both outputs are one, in the order in which they are written; what the shell says of a script it cannot read
        // is in it.
        List<String> command =
                List.of("sh", "-c", "exec sh -e -c \"$1\" \"$2\" 2>&1", "sh", script.run(), script.name());
        Deque<String> last = new ArrayDeque<>();
        try (ExecSession session = channel.exec(new ExecRequest(command, project.environment(), null, null, null))) {
            session.stdin().close();
            Lines lines = new Lines(session.stdout());
            String line;
            while ((line = lines.next()) != null) {
                progress.output(line);
                last.add(line);
                if (last.size() > SHOWN_LINES) {
                    last.remove();
                }
            }
            int status = session.await();
            if (status != 0) {
                throw new BangerException(
                        ErrorCode.SCRIPT_FAILED,
                        "the " + kind + " script " + script.name() + " of "
                                + project.file().replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]", "?")
                                + " ended with status " + status + " in "
                                + vm.name(),
                        String.join("\n", last),
                        null);
            }
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.GUEST_UNAVAILABLE,
                    vm.name() + " was lost while the " + kind + " script " + script.name() + " ran: " + e.getMessage(),
                    e);
        }
    }

    /** What a guest writes, in lines that end somewhere. */
    private static final class Lines {
        private final InputStream in;
        private final byte[] buffer = new byte[LONGEST_LINE];
        private int start;
        private int end;

        Lines(InputStream in) {
            this.in = in;
        }

        @Nullable
        String next() throws IOException {
            while (true) {
                for (int i = start; i < end; i++) {
                    if (buffer[i] == '\n') {
                        String line = text(i);
                        start = i + 1;
                        return line;
                    }
                }
                if (start > 0) {
                    System.arraycopy(buffer, start, buffer, 0, end - start);
                    end -= start;
                    start = 0;
                }
                int got = end < buffer.length ? in.read(buffer, end, buffer.length - end) : 0;
                if (got > 0) {
                    end += got;
                } else if (end > 0) {
                    String line = text(end);
                    start = end;
                    return line;
                } else if (got < 0) {
                    return null;
                }
            }
        }

        private String text(int upTo) {
            return new String(buffer, start, upTo - start, StandardCharsets.UTF_8);
        }
    }
}
