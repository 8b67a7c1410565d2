package dev.banger.config;

import dev.banger.api.DataSize;
import dev.banger.api.TimeSpan;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Values of keys, each valid for its key, and where each comes from. Keys that nobody set are not in it. Immutable. */
public final class Settings {
    private final Map<Key, Setting> values;

    Settings(Map<Key, Setting> values) {
        this.values = values.isEmpty() ? Map.of() : new EnumMap<>(values);
    }

    /** Where a value comes from; later ones override earlier ones. */
    enum Source {
        DEFAULT,
        FILE,
        PROJECT,
        ENVIRONMENT;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A value.
     *
     * @param origin the place in a file, or the variable
     */
    record Setting(String text, Source source, String origin) {}

    /** Of an environment alone; fails with all that is wrong in it. */
    public static Settings of(Map<String, String> environment) {
        Problems problems = new Problems();
        Settings settings = new Settings(Map.of()).over(environment, false, problems);
        settings.check(problems);
        problems.refuse();
        return settings;
    }

    /** With what {@code environment} says of the keys of new VMs, or of the daemon's. */
    Settings over(Map<String, String> environment, boolean ofVm, Problems problems) {
        Map<Key, Setting> all = new EnumMap<>(Key.class);
        all.putAll(values);
        for (Key key : Key.values()) {
            String text = environment.getOrDefault(key.variable(), "");
            if (key.ofVm() != ofVm || text.isEmpty()) {
                continue;
            }
            if (key.kind().accepts(text)) {
                all.put(key, new Setting(text, Source.ENVIRONMENT, key.variable()));
            } else {
                problems.add(key.variable() + " is " + key.is() + ", not \"" + text + "\"");
            }
        }
        return new Settings(all);
    }

    /** With what {@code others} has in place of what this has. */
    Settings over(Settings others) {
        Map<Key, Setting> all = new EnumMap<>(Key.class);
        all.putAll(values);
        all.putAll(others.values);
        return new Settings(all);
    }

    /** What is wrong although each value is right. */
    void check(Problems problems) {
        if (find(Key.MAPDNS_DATA_FILE).isEmpty()) {
            find(Key.MAPDNS_BIN)
                    .ifPresent(program ->
                            problems.add(program.origin() + ": " + named(Key.MAPDNS_BIN) + " is set, but not "
                                    + Key.MAPDNS_DATA_FILE.path() + " (" + Key.MAPDNS_DATA_FILE.variable()
                                    + "), the file it is to read"));
        }
    }

    Optional<Setting> find(Key key) {
        return Optional.ofNullable(values.get(key));
    }

    public Optional<String> text(Key key) {
        return find(key).map(Setting::text);
    }

    /** Of a key that has several values. */
    public List<String> words(Key key) {
        return text(key).map(Kind.Words::split).orElse(List.of());
    }

    public Optional<Integer> number(Key key) {
        return text(key).map(Integer::valueOf);
    }

    public Optional<Path> path(Key key) {
        return text(key).map(Path::of);
    }

    Optional<Long> bytes(Key key) {
        return text(key).map(DataSize::parse);
    }

    Optional<Long> seconds(Key key) {
        return text(key).map(TimeSpan::parse);
    }

    /** What messages call a key: as whoever set it did. */
    public String named(Key key) {
        return find(key)
                .map(setting -> setting.source() == Source.ENVIRONMENT ? key.variable() : key.path())
                .orElse(key.path());
    }
}
