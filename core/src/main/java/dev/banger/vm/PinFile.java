package dev.banger.vm;

import dev.banger.api.PinnedAddress;
import dev.banger.network.Ipv4Address;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pinned addresses for the next daemon: VMs run on without one, and guests do not ask again for what they know. It need not outlive
 * the host's end, as no VM does. Whoever cannot read or write it goes on without.
 */
final class PinFile {
    private static final Logger LOG = LoggerFactory.getLogger(PinFile.class);
    private static final Pattern LINE = Pattern.compile("(\\S+) (\\d{1,12}) ([0-9.]+) (\\S+)");

    private final Path file;

    /** @param until in whole seconds */
    record Entry(String vmId, PinnedAddress pin, Instant until) {}

    PinFile(Path file) {
        this.file = file;
    }

    /** In the order in which they were written. */
    List<Entry> read() {
        List<Entry> entries = new ArrayList<>();
        if (Files.notExists(file)) {
            return entries;
        }
        try {
            for (String line : Files.readAllLines(file)) {
                Matcher parts = LINE.matcher(line);
                if (parts.matches()) {
                    entries.add(new Entry(
                            parts.group(1),
                            new PinnedAddress(
                                    parts.group(4),
                                    Ipv4Address.of(parts.group(3)).toString()),
                            Instant.ofEpochSecond(Long.parseLong(parts.group(2)))));
                }
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("Cannot read {}: what names allow is learned anew", file, e);
        }
        return entries;
    }

    void write(List<Entry> entries) {
        StringBuilder text = new StringBuilder();
        entries.forEach(each -> text.append(each.vmId())
                .append(' ')
                .append(each.until().getEpochSecond())
                .append(' ')
                .append(each.pin().address())
                .append(' ')
                .append(each.pin().name())
                .append('\n'));
        try {
            Path unfinished = file.resolveSibling(file.getFileName() + ".new");
            Files.writeString(unfinished, text);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            LOG.warn("Cannot write {}: after a restart of the daemon guests have to ask for names again", file, e);
        }
    }

    void delete() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.warn("Cannot remove {}", file, e);
        }
    }
}
