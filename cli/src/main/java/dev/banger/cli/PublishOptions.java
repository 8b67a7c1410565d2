package dev.banger.cli;

import dev.banger.api.Operation;
import dev.banger.api.PublishInfo;
import dev.banger.api.PublishRequest;
import java.util.function.BiFunction;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which catalog: of {@code image publish} and {@code kernel publish}. */
final class PublishOptions {
    @Parameters(index = "0", paramLabel = "NAME", description = "What to publish.")
    private String name = "";

    @Parameters(index = "1", paramLabel = "DIR", description = "The catalog's directory; made if it is not there.")
    private String directory = "";

    @Option(
            names = "--key",
            required = true,
            paramLabel = "FILE",
            description = "The Ed25519 key that signs the catalog (PKCS #8, PEM).")
    private String key = "";

    @Option(names = "--new-key", description = "Make the key if the file is not there.")
    private boolean newKey;

    @Option(names = "--json", description = "Print what was published as JSON instead of the catalog.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress.")
    private boolean quiet;

    int call(Session session, BiFunction<String, PublishRequest, Operation<PublishInfo>> publish) {
        PublishRequest request = new PublishRequest(absolute(session, directory), absolute(session, key), newKey);
        PublishInfo published = new ProgressView(session, quiet).follow(publish.apply(name, request));
        if (json) {
            session.out().json(PublishInfo.class, published);
        } else {
            session.out().line(published.catalog());
        }
        return 0;
    }

    static String absolute(Session session, String path) {
        return session.console().directory().resolve(path).normalize().toString();
    }
}
