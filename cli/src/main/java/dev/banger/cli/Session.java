package dev.banger.cli;

import dev.banger.api.BangerApi;
import java.nio.file.Path;

/** What one run of a command line works with. */
final class Session {
    private final BangerApi api;
    private final Console console;
    private final Output out;
    private final String version;
    private final String build;
    private final Path client;

    Session(BangerApi api, Console console, String version, String build, Path client) {
        this.api = api;
        this.console = console;
        this.version = version;
        this.build = build;
        this.client = client;
        out = new Output(console);
    }

    BangerApi api() {
        return api;
    }

    Console console() {
        return console;
    }

    Output out() {
        return out;
    }

    String version() {
        return version;
    }

    String build() {
        return build;
    }

    Path client() {
        return client;
    }
}
