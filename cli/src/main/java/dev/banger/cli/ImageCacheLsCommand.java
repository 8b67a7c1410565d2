package dev.banger.cli;

import dev.banger.api.CachedLayer;
import io.avaje.jsonb.Types;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        aliases = "list",
        description = {"List the layers, those used last first.", ""})
final class ImageCacheLsCommand extends Leaf {
    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    ImageCacheLsCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        List<CachedLayer> layers = api().cachedLayers();
        if (json) {
            out().json(Types.listOf(CachedLayer.class), layers);
        } else {
            out().table(
                            List.of("DIGEST", "SIZE", "WHOLE", "USED"),
                            layers.stream()
                                    .map(layer -> List.of(
                                            layer.digest(),
                                            Sizes.show(layer.bytes()),
                                            layer.whole() ? "yes" : "no",
                                            Ages.since(layer.usedAt())))
                                    .toList());
        }
        return 0;
    }
}
