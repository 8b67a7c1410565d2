package dev.banger.host.rootfs;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageDiff;
import dev.banger.api.ImageDiff.Change;
import dev.banger.api.ImageDiff.FileChange;
import dev.banger.api.ImageDiff.PackageChange;
import dev.banger.host.linux.Ext4Files;
import dev.banger.host.linux.Ext4Files.Node;
import dev.banger.image.Image;
import dev.banger.image.ImageComparison;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Compares ext4 file systems file by file. Thread-safe. */
public final class Ext4Comparison implements ImageComparison {
    private static final int LARGEST_LIST = 256 << 20;

    @Override
    public ImageDiff compare(Image before, Image after) {
        try (Ext4Files mine = Ext4Files.open(before.rootfs());
                Ext4Files others = Ext4Files.open(after.rootfs())) {
            return new ImageDiff(packages(packages(mine), packages(others)), files(mine, others));
        } catch (ClosedByInterruptException e) {
            throw new BangerException(ErrorCode.CANCELLED, "cancelled", e);
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.DATA_CORRUPT,
                    "cannot compare images " + before.name() + " and " + after.name() + ": " + e.getMessage(),
                    e);
        }
    }

    private static List<FileChange> files(Ext4Files mine, Ext4Files others) throws IOException {
        SortedMap<String, Node> before = mine.all();
        SortedMap<String, Node> after = others.all();
        List<FileChange> changes = new ArrayList<>();
        for (String path : keys(before, after)) {
            Node old = before.get(path);
            Node now = after.get(path);
            if (old == null || now == null) {
                changes.add(new FileChange(path, old == null ? Change.ADDED : Change.REMOVED));
            } else if (!sameKind(old, now) || !mine.sameContent(old, others, now)) {
                changes.add(new FileChange(path, Change.CHANGED));
            }
        }
        return changes;
    }

    /** A directory's size says how many names there have been in it, and nothing else. */
    private static boolean sameKind(Node old, Node now) {
        return old.mode() == now.mode()
                && old.owner() == now.owner()
                && old.group() == now.group()
                && (old.isDirectory() || old.size() == now.size());
    }

    private static List<PackageChange> packages(Map<String, String> before, Map<String, String> after) {
        List<PackageChange> changes = new ArrayList<>();
        for (String name : keys(before, after)) {
            String old = before.get(name);
            String now = after.get(name);
            if (!Objects.equals(old, now)) {
                Change change = old == null ? Change.ADDED : now == null ? Change.REMOVED : Change.CHANGED;
                changes.add(new PackageChange(name, change, old, now));
            }
        }
        return changes;
    }

    private static <V> TreeSet<String> keys(Map<String, V> before, Map<String, V> after) {
        TreeSet<String> all = new TreeSet<>(before.keySet());
        all.addAll(after.keySet());
        return all;
    }

    private static Map<String, String> packages(Ext4Files files) throws IOException {
        Map<String, String> found = new TreeMap<>();
        for (String line : paragraphs(files, "var/lib/dpkg/status")) {
            if (field(line, "Status: ").orElse("").endsWith(" installed")) {
                add(found, field(line, "Package: "), field(line, "Version: "));
            }
        }
        for (String line : paragraphs(files, "lib/apk/db/installed")) {
            add(found, field(line, "P:"), field(line, "V:"));
        }
        return found;
    }

    private static void add(Map<String, String> found, Optional<String> name, Optional<String> version) {
        name.ifPresent(known -> found.put(known, version.orElse("")));
    }

    /** Both lists are paragraphs of lines with a field each: deb822(5), apk-v2(5). */
    private static List<String> paragraphs(Ext4Files files, String path) throws IOException {
        @Nullable Node list = files.find(path).filter(Node::isFile).orElse(null);
        return list == null
                ? List.of()
                : List.of(new String(files.content(list, LARGEST_LIST), StandardCharsets.UTF_8).split("\n\n"));
    }

    private static Optional<String> field(String paragraph, String name) {
        return paragraph
                .lines()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(name.length()))
                .findFirst();
    }
}
