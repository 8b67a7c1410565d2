package dev.banger.cli;

import dev.banger.api.CachedLayer;
import java.util.List;
import picocli.CommandLine.Command;

@Command(
        name = "prune",
        description = {"Delete the layers that no pull is using now; prints their digests.", ""},
        footer = {"", "Example: banger image cache prune"})
final class ImageCachePruneCommand extends Leaf {
    ImageCachePruneCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        List<CachedLayer> pruned = api().pruneLayers();
        long bytes = pruned.stream().mapToLong(CachedLayer::bytes).sum();
        pruned.forEach(layer -> out().line(layer.digest()));
        out().notice(pruned.isEmpty() ? "no layers to delete" : Sizes.show(bytes) + " freed");
        return 0;
    }
}
