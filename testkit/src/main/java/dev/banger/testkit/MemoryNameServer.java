package dev.banger.testkit;

import dev.banger.api.DoctorReport.Check;
import dev.banger.network.NameServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A name server that keeps what it is told. Thread-safe. */
public final class MemoryNameServer implements NameServer {
    private final List<Map<String, String>> replacements = new ArrayList<>();

    @Override
    public void start() {}

    @Override
    public synchronized void replaceDns(Map<String, String> records) {
        replacements.add(Map.copyOf(records));
    }

    /** The records there are. */
    public synchronized Map<String, String> records() {
        return replacements.isEmpty() ? Map.of() : replacements.getLast();
    }

    /** How often they were replaced. */
    public synchronized int replacements() {
        return replacements.size();
    }

    @Override
    public List<Check> doctor() {
        return List.of();
    }

    @Override
    public void close() {}
}
