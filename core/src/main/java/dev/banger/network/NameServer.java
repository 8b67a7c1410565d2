package dev.banger.network;

import dev.banger.api.DoctorReport.Check;
import java.util.List;
import java.util.Map;

/**
 * Where the names of VMs can be looked up. It knows nothing of VMs: whoever owns them says which names there are. None of its
 * calls waits for anything outside of the daemon. Thread-safe.
 */
public interface NameServer extends AutoCloseable {
    /** The domain of all names; never asked of anybody else. */
    String DOMAIN = "vm";

    /** Begins to serve, with the records there are. What is in the way does not fail this: it is said in the log and by doctor. */
    void start();

    /**
     * Replaces all records (C3), before the start as well.
     *
     * @param records IPv4 address of each name, such as {@code dev.vm} in lower case
     */
    void replaceDns(Map<String, String> records);

    /** What was found, asking nobody outside of this host. Takes a few seconds at most. */
    List<Check> doctor();

    /** Ends it. Idempotent. */
    @Override
    void close();
}
