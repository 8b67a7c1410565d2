package dev.banger.cli;

import dev.banger.api.SnapshotInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Snapshots in the order of a tree: each is followed by those based on it. */
final class SnapshotTree {
    private final List<SnapshotInfo> snapshots;
    private final Set<String> ids;
    private final List<Node> nodes = new ArrayList<>();

    /**
     * A snapshot's place.
     *
     * @param depth how many of the snapshots shown stand above it
     */
    record Node(SnapshotInfo snapshot, int depth) {}

    private SnapshotTree(List<SnapshotInfo> snapshots) {
        this.snapshots = snapshots;
        ids = snapshots.stream().map(SnapshotInfo::id).collect(Collectors.toSet());
    }

    /** {@code snapshots} oldest first, and so are those with one parent. */
    static List<Node> of(List<SnapshotInfo> snapshots) {
        SnapshotTree tree = new SnapshotTree(snapshots);
        tree.addBelow(null, 0);
        return tree.nodes;
    }

    private void addBelow(@Nullable String parent, int depth) {
        for (SnapshotInfo snapshot : snapshots) {
            if (Objects.equals(shownParent(snapshot), parent)) {
                nodes.add(new Node(snapshot, depth));
                addBelow(snapshot.id(), depth + 1);
            }
        }
    }

    /** The parent of a fork's first snapshot belongs to another VM: here it stands at the top. */
    private @Nullable String shownParent(SnapshotInfo snapshot) {
        String parent = snapshot.parent();
        return parent != null && ids.contains(parent) ? parent : null;
    }
}
