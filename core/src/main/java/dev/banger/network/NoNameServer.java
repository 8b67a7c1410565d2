package dev.banger.network;

import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import java.util.List;
import java.util.Map;

/** Names that nobody can look up, because the user wants it so. Immutable. */
public final class NoNameServer implements NameServer {
    private final String why;

    /** {@code why} is what doctor says, a sentence without its end. */
    public NoNameServer(String why) {
        this.why = why;
    }

    @Override
    public void start() {}

    @Override
    public void replaceDns(Map<String, String> records) {}

    @Override
    public List<Check> doctor() {
        return List.of(new Check(Status.PASS, "names", why, ""));
    }

    @Override
    public void close() {}
}
