package dev.banger.config;

import dev.banger.api.BangerException;
import dev.banger.api.BundleReport;
import dev.banger.api.ConfigQuery;
import dev.banger.api.ConfigReport;
import dev.banger.api.ExecRequest;
import dev.banger.api.TemplateWarm;
import dev.banger.api.VmCreate;
import dev.banger.api.VmDefaults;
import dev.banger.api.VmNetwork;
import dev.banger.config.Settings.Setting;
import dev.banger.config.Settings.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of a daemon: {@code config.toml}, project files and the environment, later ones over earlier ones. What is
 * about the daemon holds from its start to its end; what is about new VMs is read again whenever the file has changed.
 * Thread-safe.
 */
public final class Configuration {
    private final Path file;
    private final Map<String, String> environment;
    private final Settings atStart;
    private volatile Read latest;

    /** What a file said, with how it looked then. */
    private record Read(Object stamp, Settings settings, List<String> problems) {}

    private Configuration(Path file, Map<String, String> environment, Settings atStart, Read latest) {
        this.file = file;
        this.environment = environment;
        this.atStart = atStart;
        this.latest = latest;
    }

    /** Reads it for a daemon with that environment; fails with all that is wrong in both. */
    public static Configuration open(Places places, Map<String, String> environment) {
        Path file = places.configFile();
        Problems problems = new Problems();
        Read read = new Read(stamp(file), ConfigFile.read(file, problems), List.of());
        Settings settings = read.settings().over(environment, false, problems);
        settings.check(problems);
        problems.refuse();
        return new Configuration(file, Map.copyOf(environment), settings, read);
    }

    /** What this daemon runs with. Of new VMs it is what was so when the daemon started. */
    public Settings settings() {
        return atStart;
    }

    /** A request with what the file says where it says nothing. */
    public VmCreate complete(VmCreate request) {
        Settings file = current();
        VmNetwork network = request.network() == null
                ? file.text(Key.VM_NETWORK)
                        .map(name -> new VmNetwork(name, false, List.of(), 0))
                        .orElse(null)
                : request.network();
        return new VmCreate(
                request.name(),
                or(request.image(), file.text(Key.VM_IMAGE)),
                or(request.kernel(), file.text(Key.VM_KERNEL)),
                or(request.cpus(), file.number(Key.VM_CPUS)),
                or(request.memoryMiB(), mebibytes(file)),
                or(request.diskBytes(), file.bytes(Key.VM_DISK)),
                or(request.acceleration(), file.text(Key.VM_ACCELERATION)),
                request.ports(),
                request.start(),
                request.cold(),
                or(request.idlePauseSeconds(), file.seconds(Key.VM_IDLE_PAUSE)),
                request.ephemeral(),
                request.waitFor(),
                network,
                request.nested(),
                or(request.vmm(), file.text(Key.VM_VMM)),
                request.project(),
                or(request.runtimeDir(), file.text(Key.VM_RUNTIME_DIR)));
    }

    /** As {@link #complete(VmCreate)}. */
    public TemplateWarm complete(TemplateWarm request) {
        Settings file = current();
        return new TemplateWarm(
                or(request.image(), file.text(Key.VM_IMAGE)),
                or(request.kernel(), file.text(Key.VM_KERNEL)),
                or(request.cpus(), file.number(Key.VM_CPUS)),
                or(request.memoryMiB(), mebibytes(file)),
                or(request.acceleration(), file.text(Key.VM_ACCELERATION).filter(kind -> !kind.equals("auto"))),
                request.nested(),
                or(request.vmm(), file.text(Key.VM_VMM)));
    }

    /** As {@link #complete(VmCreate)}, with what the VM's project says below what the request does. */
    public ExecRequest complete(ExecRequest request, Map<String, String> variables) {
        Optional<String> user = request.user() == null ? current().text(Key.VM_USER) : Optional.empty();
        if (variables.isEmpty() && user.isEmpty()) {
            return request;
        }
        Map<String, String> all = new LinkedHashMap<>(variables);
        all.putAll(request.environment());
        return new ExecRequest(
                request.command(), all, request.directory(), or(request.user(), user), request.terminal());
    }

    /** What a new VM shall be for the one who asks; fails with all that is wrong. */
    public VmDefaults vmDefaults(ConfigQuery query) {
        Problems problems = new Problems();
        ProjectFile.Found found = found(query);
        Optional<ProjectFile> project = found.file().map(each -> ProjectFile.read(each, problems));
        Settings settings = vmSettings(currentFile(problems), project, query, problems);
        problems.refuse();
        List<String> notices =
                new ArrayList<>(project.map(ProjectFile::notice).stream().toList());
        if (!found.refusal().isEmpty()) {
            notices.add(found.refusal());
        }
        return new VmDefaults(
                settings.text(Key.VM_IMAGE).orElse(null),
                settings.text(Key.VM_KERNEL).orElse(null),
                settings.number(Key.VM_CPUS).orElse(null),
                mebibytes(settings).orElse(null),
                settings.bytes(Key.VM_DISK).orElse(null),
                settings.text(Key.VM_ACCELERATION).orElse(null),
                settings.text(Key.VM_VMM).orElse(null),
                settings.text(Key.VM_NETWORK).orElse(null),
                settings.seconds(Key.VM_IDLE_PAUSE).orElse(null),
                settings.text(Key.VM_RUNTIME_DIR).orElse(null),
                settings.text(Key.VM_USER).orElse(null),
                project.map(ProjectFile::ports).orElse(List.of()),
                project.map(ProjectFile::project).orElse(null),
                notices);
    }

    /** Everything there is to say of it. */
    public ConfigReport report(ConfigQuery query) {
        Problems problems = new Problems();
        String other = query.file();
        Path shown = other == null ? file : path(other);
        boolean isProject = shown.endsWith(ProjectFile.NAME);
        ProjectFile.Found found = other == null
                ? found(query)
                : new ProjectFile.Found(Optional.of(shown).filter(each -> isProject), "");
        if (!found.refusal().isEmpty()) {
            problems.add(found.refusal());
        }
        Optional<ProjectFile> project = found.file().map(each -> ProjectFile.read(each, problems));
        if (other != null && Files.notExists(shown)) {
            problems.add("there is no file " + shown);
        }
        Settings inFile = other == null
                ? currentFile(problems)
                : isProject ? new Settings(Map.of()) : ConfigFile.read(shown, problems);
        Settings ofVms = vmSettings(inFile, project, query, problems);
        // What is wrong in the daemon's own environment it has refused at its start.
        Settings next = inFile.over(environment, false, new Problems());
        next.check(problems);
        Settings ofDaemon = other == null ? atStart : next;
        List<ConfigReport.Value> values = Stream.of(Key.values())
                .map(key -> value(key, key.ofVm() ? ofVms : ofDaemon, key.ofVm() ? ofVms : next))
                .toList();
        return new ConfigReport(
                shown.toString(),
                Files.exists(shown),
                project.map(each -> each.file().toString()).orElse(null),
                values,
                problems.all());
    }

    /** A runtime bundle: that in the query's file, else the one that is configured. */
    public BundleReport bundle(ConfigQuery query) {
        String other = query.file();
        if (other != null) {
            return bundle(other, "the command");
        }
        Problems problems = new Problems();
        Settings settings = currentFile(problems).over(query.environment(), true, problems);
        problems.refuse();
        Setting named = settings.find(Key.VM_RUNTIME_DIR)
                .orElseThrow(() -> BangerException.notFound("no runtime bundle is configured: name one, set "
                        + Key.VM_RUNTIME_DIR.variable() + ", or " + Key.VM_RUNTIME_DIR.path() + " in " + file));
        return bundle(named.text(), named.origin());
    }

    private static BundleReport bundle(String directory, String origin) {
        Problems problems = new Problems();
        return Bundle.read(path(directory), problems).report(origin, problems.all());
    }

    /** The bundle that a daemon takes helpers from: its environment's, or the file's; broken ones have what is right in them. */
    public Optional<BundleReport> atStart() {
        return Optional.ofNullable(environment.get(Key.VM_RUNTIME_DIR.variable()))
                .filter(Key.VM_RUNTIME_DIR.kind()::accepts)
                .map(directory -> bundle(directory, Key.VM_RUNTIME_DIR.variable()))
                .or(() -> atStart.find(Key.VM_RUNTIME_DIR).map(named -> bundle(named.text(), named.origin())));
    }

    private static ConfigReport.Value value(Key key, Settings now, Settings next) {
        Setting nobody = new Setting(key.otherwise(), Source.DEFAULT, "");
        Setting setting = now.find(key).orElse(nobody);
        String then = next.find(key).orElse(nobody).text();
        return new ConfigReport.Value(
                key.path(),
                setting.text(),
                setting.source().toString(),
                setting.origin(),
                then.equals(setting.text()) ? null : then,
                key.meaning());
    }

    private static Settings vmSettings(
            Settings inFile, Optional<ProjectFile> project, ConfigQuery query, Problems problems) {
        Settings below = project.map(ProjectFile::settings).map(inFile::over).orElse(inFile);
        return below.over(query.environment(), true, problems);
    }

    private static ProjectFile.Found found(ConfigQuery query) {
        String directory = query.directory();
        return directory == null
                ? new ProjectFile.Found(Optional.empty(), "")
                : ProjectFile.find(path(directory), path(query.environment().getOrDefault("HOME", "/")));
    }

    /** What the file says now; fails with all that is wrong in it. */
    private Settings current() {
        Problems problems = new Problems();
        Settings settings = currentFile(problems);
        problems.refuse();
        return settings;
    }

    private Settings currentFile(Problems problems) {
        Object stamp = stamp(file);
        Read known = latest;
        if (!known.stamp().equals(stamp)) {
            Problems found = new Problems();
            Settings settings = ConfigFile.read(file, found);
            known = new Read(stamp, settings, found.all());
            latest = known;
        }
        known.problems().forEach(problems::add);
        return known.settings();
    }

    /** Differs when the file has been written since. */
    private static Object stamp(Path file) {
        try {
            BasicFileAttributes facts = Files.readAttributes(file, BasicFileAttributes.class);
            return List.of(facts.lastModifiedTime(), facts.size(), String.valueOf(facts.fileKey()));
        } catch (IOException e) {
            return "none";
        }
    }

    /** From the root on, with no dots in it. */
    static Path path(String text) {
        try {
            return Path.of(text).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw BangerException.invalid("that is no path: " + e.getReason());
        }
    }

    private static Optional<Long> mebibytes(Settings settings) {
        return settings.bytes(Key.VM_MEMORY).map(bytes -> bytes >> 20);
    }

    private static <T> @Nullable T or(@Nullable T given, Optional<T> otherwise) {
        return given != null ? given : otherwise.orElse(null);
    }
}
