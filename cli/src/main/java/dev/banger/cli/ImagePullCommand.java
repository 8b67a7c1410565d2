package dev.banger.cli;

import dev.banger.api.ImageInfo;
import dev.banger.api.ImagePull;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "pull",
        description = {
            "Get an image; prints its name. One of that name that is there already is kept unless --refresh.",
            "",
            "A name alone is that of an image in a catalog, or of a container image in the registry that is configured. Container images",
            "come from registries, with the logins of docker and podman, and from files and directories of this host. VMs of such a one",
            "run its entrypoint and command when no other is given, and every command with its environment, user and directory.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger image pull debian                                 # of a catalog",
            "  banger image pull ./debian.tar                           # what image export wrote, also ./DIRECTORY",
            "  banger image pull https://example.org/debian@sha256:0123...",
            "  banger image pull registry.example.org/team/app:1.2",
            "  banger image pull localhost:5000/app@sha256:0123...",
            "  banger image pull docker-archive:app.tar --name app      # also oci-archive:FILE, oci:DIRECTORY",
            "Next: banger vm run --image NAME, banger image show NAME, banger image cache prune."
        })
final class ImagePullCommand extends Leaf {
    private static final Set<String> LOCAL = Set.of("oci", "oci-archive", "docker-archive");

    @Parameters(
            paramLabel = "REFERENCE",
            description =
                    "[HOST[:PORT]/]NAME[:TAG][@DIGEST], oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:TAG];"
                            + " NAME in a catalog; or an export: ./DIRECTORY, ./FILE.tar or URL@sha256:DIGEST.")
    private String reference = "";

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "The image's name; default: the last part of the reference's, with its tag.")
    private @Nullable String name;

    @Option(names = "--refresh", description = "Pull even if there is one of that name; VMs keep the one they have.")
    private boolean refresh;

    @Option(
            names = "--plain-http",
            description = "Speak http, which anybody on the way can read and change; without it only with this host.")
    private boolean plainHttp;

    @Option(
            names = "--platform",
            paramLabel = "OS/ARCHITECTURE",
            description = "Of an image for several, that for linux/ARCHITECTURE[/VARIANT]; default: this host's.")
    private @Nullable String platform;

    @Option(
            names = "--catalog",
            paramLabel = "LOCATION#KEY",
            description = "The catalog to look for a name in; default: those that are configured, in their order.")
    private @Nullable String catalog;

    @Option(names = "--json", description = "Print the image as JSON instead.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress.")
    private boolean quiet;

    ImagePullCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        ImageInfo pulled = new ProgressView(session(), quiet)
                .follow(api().pullImage(new ImagePull(
                        absolute(console(), reference), name, refresh, plainHttp, platform, catalog)));
        if (json) {
            out().json(ImageInfo.class, pulled);
        } else {
            out().line(pulled.name());
        }
        return 0;
    }

    /** Whether it names something to pull, and not an image that is there: no image's name has such characters. */
    static boolean isReference(String word) {
        return word.contains("/") || word.contains(":");
    }

    /** The daemon works in another directory than the caller. */
    static String absolute(Console console, String reference) {
        if (reference.startsWith("./") || reference.startsWith("../")) {
            return console.directory().resolve(reference).normalize().toString();
        }
        int colon = reference.indexOf(':');
        if (colon < 0 || !LOCAL.contains(reference.substring(0, colon))) {
            return reference;
        }
        return reference.substring(0, colon + 1)
                + console.directory().resolve(reference.substring(colon + 1)).normalize();
    }
}
