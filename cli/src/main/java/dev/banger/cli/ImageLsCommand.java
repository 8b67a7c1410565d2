package dev.banger.cli;

import dev.banger.api.CatalogEntry;
import dev.banger.api.ImageInfo;
import io.avaje.jsonb.Types;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        aliases = "list",
        description = {"List all images; or what can be had.", ""})
final class ImageLsCommand extends Leaf {
    @Option(names = "--available", description = "List what the catalogs have, kernels, too.")
    private boolean available;

    @Option(
            names = "--catalog",
            paramLabel = "LOCATION#KEY",
            description = "With --available: the catalog; default: those that are configured, in their order.")
    private @Nullable String catalog;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print names only.")
    private boolean quiet;

    ImageLsCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        if (available || catalog != null) {
            return listAvailable();
        }
        List<ImageInfo> images = api().images();
        if (json) {
            out().json(Types.listOf(ImageInfo.class), images);
        } else if (quiet) {
            images.forEach(image -> out().line(image.name()));
        } else {
            out().table(
                            List.of("NAME", "DIGEST", "SIZE", "SOURCE", "AGE", "VMS"),
                            images.stream()
                                    .map(image -> List.of(
                                            image.name(),
                                            image.digest().substring(0, 12),
                                            Sizes.show(image.diskBytes()),
                                            image.source(),
                                            Ages.since(image.createdAt()),
                                            Integer.toString(image.usedBy().size())))
                                    .toList());
        }
        return 0;
    }

    private int listAvailable() {
        List<CatalogEntry> entries = api().available(catalog);
        if (entries.isEmpty()) {
            out().notice("no catalog has anything; images.catalogs in config.toml (BANGER_CATALOGS) names them");
        }
        if (json) {
            out().json(Types.listOf(CatalogEntry.class), entries);
        } else if (quiet) {
            entries.forEach(entry -> out().line(entry.name()));
        } else {
            out().table(
                            List.of("NAME", "KIND", "FOR", "DIGEST", "FETCHES", "SIZE", "SOURCE", "AGE", "CATALOG"),
                            entries.stream()
                                    .map(entry -> List.of(
                                            entry.name(),
                                            entry.kind(),
                                            entry.architecture(),
                                            entry.digest().substring(0, 12),
                                            Sizes.show(entry.bytes()),
                                            Sizes.show(entry.dataBytes()),
                                            entry.source(),
                                            Ages.since(entry.publishedAt()),
                                            entry.catalog()
                                                    .substring(
                                                            0, entry.catalog().lastIndexOf('#'))))
                                    .toList());
        }
        return 0;
    }
}
