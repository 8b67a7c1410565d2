package dev.banger.host.dns;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.PublishedFile;
import dev.banger.network.NameServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes the names to an external tool, which answers for them (D5): a file of lines as in hosts(5), replaced as a whole,
 * and a program that is run with the file's path after each change. Changes that come while it runs are published together afterwards.
 * One thread.
 */
public final class MappingTool implements NameServer {
    private static final Logger LOG = LoggerFactory.getLogger(MappingTool.class);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final String HEAD = "# Written by banger, as a whole, whenever a VM starts or ends.\n";

    private final Path file;
    private final Optional<Path> program;
    private final ProgramRunner programs;
    private final Thread thread = Thread.ofPlatform().daemon().name("mapdns").unstarted(this::publish);

    /** Guards the fields below. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition changed = lock.newCondition();
    private Map<String, String> records = Map.of();
    private boolean dirty = true;
    private boolean closed;
    private String failure = "";

    /** Without a program the file is all. Closed by whoever makes it. */
    public MappingTool(Path file, Optional<Path> program, ProgramRunner programs) {
        this.file = file;
        this.program = program;
        this.programs = programs;
    }

    @Override
    public void start() {
        thread.start();
    }

    @Override
    public void replaceDns(Map<String, String> wanted) {
        lock.lock();
        try {
            records = Map.copyOf(wanted);
            dirty = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void publish() {
        Optional<Map<String, String>> next = awaitChange();
        while (next.isPresent()) {
            String found = "";
            try {
                publish(next.get());
            } catch (BangerException e) {
                found = String.valueOf(e.getMessage());
                LOG.warn("Names could not be published to {}", file, e);
            }
            note(found);
            next = awaitChange();
        }
    }

    /** What to publish next; empty at the end, with nothing left to publish. */
    private Optional<Map<String, String>> awaitChange() {
        lock.lock();
        try {
            while (!dirty && !closed) {
                changed.await();
            }
            if (!dirty) {
                return Optional.empty();
            }
            dirty = false;
            return Optional.of(records);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    private void publish(Map<String, String> names) {
        StringBuilder lines = new StringBuilder(HEAD);
        new TreeMap<>(names)
                .forEach((name, address) ->
                        lines.append(address).append(' ').append(name).append('\n'));
        PublishedFile.publish(file, unfinished -> {
            Files.writeString(unfinished, lines);
            // The tool may be another user's program; what keeps others out is the directory.
            Files.setPosixFilePermissions(unfinished, PosixFilePermissions.fromString("rw-r--r--"));
        });
        program.ifPresent(each -> programs.run(Program.of(PATIENCE, each.toString(), file.toString())));
    }

    private void note(String found) {
        lock.lock();
        try {
            failure = found;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<Check> doctor() {
        lock.lock();
        try {
            if (!failure.isEmpty()) {
                return List.of(new Check(
                        Status.WARN,
                        "names",
                        "could not be published to " + file + ": " + failure,
                        "check BANGER_MAPDNS_BIN and BANGER_MAPDNS_DATA_FILE; the next change is published again"));
            }
            return List.of(new Check(
                    Status.PASS,
                    "names",
                    records.size() + " published in " + file
                            + program.map(each -> ", by " + each).orElse(""),
                    ""));
        } finally {
            lock.unlock();
        }
    }

    /** Publishes what is left to publish. VMs run on, so their names stay. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (thread.isAlive()) {
            try {
                if (!thread.join(PATIENCE.plusSeconds(5))) {
                    LOG.warn("Publishing names does not end");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
