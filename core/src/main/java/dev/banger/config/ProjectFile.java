package dev.banger.config;

import dev.banger.api.BangerException;
import dev.banger.api.PublishedPort;
import dev.banger.api.VmProject;
import dev.banger.config.Settings.Setting;
import dev.banger.config.Settings.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * {@code banger.toml} of a repository: what the repository's VMs are like. Whoever cloned the repository has not read it, so it can
 * ask for nothing that reaches beyond the VM: no path of the host, no address but the VM's own, nothing of the daemon.
 *
 * @param file where it is
 * @param settings of a new VM
 * @param ports published on the VM's own address
 */
record ProjectFile(
        Path file,
        Settings settings,
        List<PublishedPort> ports,
        Map<String, String> environment,
        List<VmProject.Script> setup,
        List<VmProject.Script> start) {
    static final String NAME = "banger.toml";

    private static final List<Key> KEYS = List.of(Key.VM_IMAGE, Key.VM_CPUS, Key.VM_MEMORY, Key.VM_DISK);
    private static final String PUBLISH = "publish";
    private static final String ENVIRONMENT = "env";
    private static final String SETUP = "setup";
    private static final String START = "start";
    private static final int MOST_SCRIPTS = 50;
    private static final int MOST_PORTS = 50;

    /** One that was found, or why one that lies there is not used; nothing lies there: both are empty. */
    record Found(Optional<Path> file, String refusal) {}

    /**
     * Looks in {@code directory} and upward to the root of its repository, or to {@code home}; outside of both in that directory
     * alone: above it others may write.
     */
    static Found find(Path directory, Path home) {
        for (Path each : candidates(directory, home)) {
            Path file = each.resolve(NAME);
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                String refusal = refusal(file);
                return new Found(refusal.isEmpty() ? Optional.of(file) : Optional.empty(), refusal);
            }
        }
        return new Found(Optional.empty(), "");
    }

    private static List<Path> candidates(Path directory, Path home) {
        List<Path> upward = new ArrayList<>();
        for (Path each = directory; each != null; each = each.getParent()) {
            upward.add(each);
            if (each.equals(home) || Files.exists(each.resolve(".git"), LinkOption.NOFOLLOW_LINKS)) {
                return upward;
            }
        }
        return List.of(directory);
    }

    private static String refusal(Path file) {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return file + " is not used: it is no regular file";
        }
        try {
            Object owner = Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS);
            Object own = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            return owner.equals(own) || owner.equals(0)
                    ? ""
                    : file + " is not used: it belongs to uid " + owner + ", not to you (uid " + own + ")";
        } catch (IOException e) {
            return file + " is not used: " + e;
        }
    }

    /** What is right in it; what is wrong is a problem. */
    static ProjectFile read(Path file, Problems problems) {
        ProjectFile project = new ProjectFile(
                file,
                new Settings(Map.of()),
                new ArrayList<>(),
                new LinkedHashMap<>(),
                new ArrayList<>(),
                new ArrayList<>());
        Map<Key, Setting> values = new EnumMap<>(Key.class);
        Node root = ConfigFile.text(file, problems, LinkOption.NOFOLLOW_LINKS)
                .map(text -> TomlText.parse(file, text, problems))
                .orElse(new Node(Map.of(), 1, 1));
        root.entries().forEach((name, node) -> {
            switch (name) {
                case PUBLISH -> project.publish(node, problems);
                case ENVIRONMENT -> project.variables(node, problems);
                case SETUP -> project.scripts(name, node, project.setup, problems);
                case START -> project.scripts(name, node, project.start, problems);
                default -> project.setting(name, node, values, problems);
            }
        });
        return new ProjectFile(
                file, new Settings(values), project.ports, project.environment, project.setup, project.start);
    }

    private void setting(String name, Node node, Map<Key, Setting> values, Problems problems) {
        Optional<Key> key = KEYS.stream().filter(each -> each.id().equals(name)).findFirst();
        if (key.isPresent()) {
            ConfigFile.text(key.get(), node)
                    .ifPresentOrElse(
                            text -> values.put(key.get(), new Setting(text, Source.PROJECT, file + ":" + node.line())),
                            () -> ConfigFile.wrong(file, name, key.get(), node, problems));
        } else if (Key.tables().contains(name)
                || Stream.of(Key.values()).anyMatch(each -> each.id().equals(name))) {
            problems.at(
                    file, node, name + " is not for a project file: it is your host's; it belongs into config.toml");
        } else {
            List<String> known = Stream.concat(
                            KEYS.stream().map(Key::id), Stream.of(PUBLISH, ENVIRONMENT, SETUP, START))
                    .toList();
            problems.unknown(file, node, "key", name, known);
        }
    }

    private void publish(Node node, Problems problems) {
        if (!(node.value() instanceof List)) {
            problems.at(file, node, PUBLISH + " is a list such as [\"8080:80\"], not " + node.shown());
            return;
        }
        if (node.elements().size() > MOST_PORTS) {
            problems.at(file, node, PUBLISH + " has more than " + MOST_PORTS + " ports");
            return;
        }
        for (Node element : node.elements()) {
            try {
                PublishedPort port = PublishedPort.parse(
                        element.value() instanceof Long || element.value() instanceof String
                                ? element.value().toString()
                                : "");
                if (port.address() != null) {
                    problems.at(
                            file,
                            element,
                            "a project file publishes at the VM's own address alone, not at " + port.address()
                                    + "; write \"" + port.hostPort() + ":" + port.guestPort()
                                    + "\", or give --publish");
                } else if (ports.stream().anyMatch(port::clashes)) {
                    problems.at(file, element, "port " + port.hostPort() + " is published twice");
                } else {
                    ports.add(port);
                }
            } catch (BangerException e) {
                problems.at(
                        file,
                        element,
                        PUBLISH + " has ports such as \"8080:80\", from 1 to 65535, not " + element.shown());
            }
        }
    }

    private void variables(Node node, Problems problems) {
        if (!(node.value() instanceof Map)) {
            problems.at(file, node, "[env] is a table of variables, not " + node.shown());
            return;
        }
        node.entries().forEach((name, value) -> {
            boolean plain = value.value() instanceof String text && text.indexOf('\0') < 0
                    || value.value() instanceof Long
                    || value.value() instanceof Boolean;
            if (!name.matches("[A-Za-z_][A-Za-z0-9_]{0,127}")) {
                problems.at(file, value, "\"" + name + "\" is no name of an environment variable");
            } else if (!plain) {
                problems.at(file, value, "env." + name + " is a text, number or boolean, not " + value.shown());
            } else {
                environment.put(name, value.value().toString());
            }
        });
    }

    private void scripts(String table, Node node, List<VmProject.Script> scripts, Problems problems) {
        if (!(node.value() instanceof Map)) {
            problems.at(file, node, "[" + table + "] is a table of scripts, NAME = \"COMMANDS\", not " + node.shown());
            return;
        }
        if (node.entries().size() > MOST_SCRIPTS) {
            problems.at(file, node, "[" + table + "] has more than " + MOST_SCRIPTS + " scripts");
            return;
        }
        // In the order in which they are written, whatever order the parser keeps.
        node.entries().entrySet().stream()
                .sorted(Comparator.comparing(
                        (Map.Entry<String, Node> each) -> each.getValue().line()))
                .forEach(each -> {
                    Node value = each.getValue();
                    if (!VmProject.Script.isName(each.getKey())) {
                        problems.at(file, value, "\"" + each.getKey() + "\" cannot be the name of a script");
                    } else if (!(value.value() instanceof String text) || text.isBlank() || text.indexOf('\0') >= 0) {
                        problems.at(
                                file,
                                value,
                                table + "." + each.getKey() + " is what sh runs, as a text, not " + value.shown());
                    } else {
                        scripts.add(new VmProject.Script(each.getKey(), text));
                    }
                });
    }

    /** What it adds to a VM beyond its make. */
    VmProject project() {
        return new VmProject(file.toString(), environment, setup, start);
    }

    /** What it is used for, in a line. */
    String notice() {
        List<String> parts = new ArrayList<>();
        KEYS.forEach(key -> settings.text(key).ifPresent(text -> parts.add(key.id() + " " + text)));
        if (!ports.isEmpty()) {
            parts.add("publish "
                    + ports.stream()
                            .map(port -> port.hostPort() + ":" + port.guestPort())
                            .collect(Collectors.joining(" ")));
        }
        if (!environment.isEmpty()) {
            parts.add("env " + String.join(" ", new TreeSet<>(environment.keySet())));
        }
        scripts("once in the VM", setup).ifPresent(parts::add);
        scripts("at each start in the VM", start).ifPresent(parts::add);
        return "using " + file + (parts.isEmpty() ? ", which says nothing" : ": " + String.join(", ", parts))
                + " (--no-project: without it)";
    }

    private static Optional<String> scripts(String when, List<VmProject.Script> scripts) {
        return scripts.isEmpty()
                ? Optional.empty()
                : Optional.of(when + " "
                        + scripts.stream().map(VmProject.Script::name).collect(Collectors.joining(" ")));
    }
}
