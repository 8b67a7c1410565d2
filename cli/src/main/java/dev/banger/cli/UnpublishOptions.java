package dev.banger.cli;

import dev.banger.api.BangerApi;
import dev.banger.api.UnpublishInfo;
import dev.banger.api.UnpublishRequest;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Out of which catalog: of {@code image unpublish} and {@code kernel unpublish}. */
final class UnpublishOptions {
    @Parameters(index = "0", paramLabel = "NAME", description = "What to take out.")
    private String name = "";

    @Parameters(index = "1", paramLabel = "DIR", description = "The catalog's directory.")
    private String directory = "";

    @Option(
            names = "--key",
            required = true,
            paramLabel = "FILE",
            description = "The Ed25519 key that the catalog is signed with (PKCS #8, PEM).")
    private String key = "";

    @Option(
            names = "--prune",
            description = "Delete all parts that nothing in the catalog needs; pulls of them that are under way fail.")
    private boolean prune;

    @Option(names = "--json", description = "Print the catalog as JSON.")
    private boolean json;

    int call(Session session, BangerApi api, String kind) {
        UnpublishInfo left = api.unpublish(new UnpublishRequest(
                kind, name, PublishOptions.absolute(session, directory), PublishOptions.absolute(session, key), prune));
        if (json) {
            session.out().json(UnpublishInfo.class, left);
        } else {
            session.out().line(left.catalog());
        }
        return 0;
    }
}
