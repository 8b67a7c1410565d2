package dev.banger.config;

import dev.banger.api.BundleReport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A runtime bundle (E4): a directory with a kernel, a rootfs and helpers of one make. {@code bundle.json} names them; without it they
 * are where the older layout has them. All paths are relative to the directory and stay in it, so a bundle can be moved.
 */
public final class Bundle {
    static final String FILE = "bundle.json";

    private static final String VERSION = "version";
    private static final String NAME = "name";
    private static final String HELPERS = "helpers";
    private static final String USUAL_NAME = "bundle";

    /** What a bundle can have. */
    public enum Part {
        KERNEL(
                "kernel",
                List.of("vmlinux", "vmlinuz", "boot/vmlinux-*", "boot/vmlinuz-*", "boot/vmlinux", "boot/vmlinuz")),
        INITRD("initrd", List.of("initrd.img", "boot/initrd.img-*", "boot/initrd.img")),
        MODULES("modules", List.of("modules", "lib/modules/*")),
        ROOTFS("rootfs", List.of("rootfs.ext4", "rootfs-*.ext4", "rootfs.tar*", "rootfs")),
        FIRECRACKER("helpers.firecracker", List.of("firecracker", "bin/firecracker")),
        QEMU("helpers.qemu", List.of("qemu-system-x86_64", "bin/qemu-system-x86_64"));

        private final String key;
        private final List<String> usual;

        Part(String key, List<String> usual) {
            this.key = key;
            this.usual = usual;
        }

        private boolean isHelper() {
            return key.startsWith(HELPERS + ".");
        }

        private String id() {
            return isHelper() ? key.substring(HELPERS.length() + 1) : key;
        }

        private static List<String> ids(boolean helpers) {
            return Arrays.stream(values())
                    .filter(part -> part.isHelper() == helpers)
                    .map(Part::id)
                    .toList();
        }
    }

    private record Found(Path path, String origin) {}

    private final Path directory;
    private final boolean described;
    private final Map<Part, Found> parts = new EnumMap<>(Part.class);
    private String name = USUAL_NAME;

    private Bundle(Path directory, boolean described) {
        this.directory = directory;
        this.described = described;
    }

    /** Reads the bundle in {@code directory}; fails with all that is wrong with it. */
    public static Bundle read(String directory) {
        return read(Configuration.path(directory));
    }

    static Bundle read(Path directory) {
        Problems problems = new Problems();
        Bundle bundle = read(directory, problems);
        problems.refuse();
        return bundle;
    }

    static Bundle read(Path directory, Problems problems) {
        Path file = directory.resolve(FILE);
        boolean described = Files.exists(file, LinkOption.NOFOLLOW_LINKS);
        Bundle bundle = new Bundle(directory, described);
        if (!Files.isDirectory(directory)) {
            problems.add("there is no directory " + directory + " for the runtime bundle");
        } else if (described) {
            ConfigFile.text(file, problems).ifPresent(text -> bundle.describe(file, text, problems));
        } else {
            bundle.lookAround();
            if (bundle.parts.isEmpty()) {
                problems.add(directory + " is no runtime bundle: it has neither " + FILE
                        + " nor anything where the older layout has it");
            }
        }
        return bundle;
    }

    private void describe(Path file, String text, Problems problems) {
        Node root;
        try {
            root = JsonText.parse(text);
        } catch (JsonText.Malformed e) {
            problems.at(file, e.line(), e.column(), String.valueOf(e.getMessage()));
            return;
        }
        if (!(root.value() instanceof Map)) {
            problems.at(file, root, FILE + " is an object, {\"kernel\": PATH, ...}, not " + root.shown());
            return;
        }
        root.entries().forEach((key, node) -> {
            switch (key) {
                case VERSION -> {
                    if (!Objects.equals(node.value(), 1L)) {
                        problems.at(file, node, "version is 1, the one this banger knows, not " + node.shown());
                    }
                }
                case NAME -> {
                    if (node.value() instanceof String wanted && wanted.matches("[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")) {
                        name = wanted;
                    } else {
                        problems.at(
                                file,
                                node,
                                "name is 1 to 40 lower-case letters, digits and hyphens, not " + node.shown());
                    }
                }
                case HELPERS -> helpers(file, node, problems);
                default -> part(file, key, false, node, problems);
            }
        });
        if (!parts.containsKey(Part.KERNEL)) {
            // Neither is anything without the kernel they belong to.
            for (Part part : List.of(Part.INITRD, Part.MODULES)) {
                if (parts.containsKey(part)) {
                    problems.at(
                            file,
                            root.entries().getOrDefault(part.key, root),
                            part.key + " belongs to a kernel, and there is no key kernel that can be used");
                }
            }
        }
        if (root.entries().isEmpty()) {
            problems.at(file, root, FILE + " names nothing; the keys are " + String.join(", ", keys()));
        }
    }

    private void helpers(Path file, Node node, Problems problems) {
        if (!(node.value() instanceof Map)) {
            problems.at(file, node, "helpers is an object, {\"firecracker\": PATH, ...}, not " + node.shown());
            return;
        }
        node.entries().forEach((key, value) -> part(file, key, true, value, problems));
    }

    private static List<String> keys() {
        return Stream.concat(Part.ids(false).stream(), Stream.of(HELPERS, NAME, VERSION))
                .toList();
    }

    private void part(Path file, String key, boolean helper, Node node, Problems problems) {
        Optional<Part> part = Arrays.stream(Part.values())
                .filter(each -> each.isHelper() == helper && each.id().equals(key))
                .findFirst();
        if (part.isEmpty()) {
            problems.unknown(file, node, helper ? "helper" : "key", key, helper ? Part.ids(true) : keys());
            return;
        }
        String full = part.get().key;
        if (!(node.value() instanceof String relative) || relative.isBlank() || relative.indexOf('\0') >= 0) {
            problems.at(file, node, full + " is a path below the bundle's directory, not " + node.shown());
            return;
        }
        String obstacle = obstacle(part.get(), relative);
        if (obstacle.isEmpty()) {
            parts.put(part.get(), new Found(directory.resolve(relative).normalize(), file + ":" + node.line()));
        } else {
            problems.at(file, node, full + ": " + obstacle);
        }
    }

    /** Why a path cannot be used; empty: it can. */
    private String obstacle(Part part, String relative) {
        Path path = directory.resolve(relative).normalize();
        if (relative.startsWith("/") || !path.startsWith(directory) || path.equals(directory)) {
            return "\"" + relative + "\" leads out of the bundle; write a path below its directory";
        }
        if (Files.notExists(path)) {
            return "there is no " + path;
        }
        try {
            if (!path.toRealPath().startsWith(directory.toRealPath())) {
                return path + " is a link that leads out of the bundle, to " + path.toRealPath();
            }
        } catch (IOException e) {
            return "cannot look at " + path + ": " + e;
        }
        return switch (part) {
            case MODULES -> Files.isDirectory(path) ? "" : path + " is no directory of modules";
            case ROOTFS ->
                Files.isDirectory(path) || Files.isRegularFile(path) ? "" : path + " is neither a directory nor a file";
            case KERNEL, INITRD -> Files.isRegularFile(path) ? "" : path + " is no file";
            case FIRECRACKER, QEMU -> helperObstacle(path, part == Part.QEMU ? "qemu-system-" : "firecracker");
        };
    }

    private static String helperObstacle(Path path, String prefix) {
        if (!Files.isRegularFile(path) || !Files.isExecutable(path)) {
            return path + " is no program: chmod +x makes a file one";
        }
        return path.getFileName() instanceof Path name && name.toString().startsWith(prefix)
                ? ""
                : path + " is not named " + prefix + "..., by which its processes are found";
    }

    private void lookAround() {
        for (Part part : Part.values()) {
            for (String pattern : part.usual) {
                Optional<Path> found = newest(pattern)
                        .filter(path -> obstacle(
                                        part, directory.relativize(path).toString())
                                .isEmpty());
                if (found.isPresent()) {
                    parts.put(part, new Found(found.get(), "the older layout, " + pattern));
                    break;
                }
            }
        }
        if (!parts.containsKey(Part.KERNEL)) {
            parts.remove(Part.INITRD);
            parts.remove(Part.MODULES);
        }
    }

    /** The last by name of what matches; the name alone may have a star. */
    private Optional<Path> newest(String pattern) {
        int slash = pattern.lastIndexOf('/');
        Path in = directory.resolve(pattern.substring(0, Math.max(0, slash)));
        String wanted = pattern.substring(slash + 1).replace(".", "\\.").replace("*", ".*");
        if (!Files.isDirectory(in)) {
            return Optional.empty();
        }
        try (Stream<Path> entries = Files.list(in)) {
            return entries.filter(entry -> entry.getFileName() instanceof Path last
                            && last.toString().matches(wanted))
                    .max(Path::compareTo);
        } catch (IOException e) {
            return Optional.empty(); // what cannot be read is not there for this user
        }
    }

    public Optional<Path> path(Part part) {
        return Optional.ofNullable(parts.get(part)).map(Found::path);
    }

    /** What the kernel made from it is called, and so is the image: another one when a file of it is another one. */
    public String publishedName() {
        return name + "-" + fingerprint();
    }

    /** Where it is from, for people. */
    public String source() {
        return "bundle " + directory;
    }

    private String fingerprint() {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            Stream.concat(
                            Stream.of(directory.resolve(FILE)),
                            parts.values().stream().map(Found::path))
                    .forEach(
                            path -> sha256.update((path + "\0" + facts(path) + "\0").getBytes(StandardCharsets.UTF_8)));
            return HexFormat.of().formatHex(sha256.digest()).substring(0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static String facts(Path path) {
        try {
            BasicFileAttributes facts = Files.readAttributes(path, BasicFileAttributes.class);
            return facts.lastModifiedTime() + " " + (facts.isDirectory() ? 0 : facts.size());
        } catch (IOException e) {
            return "none";
        }
    }

    BundleReport report(String origin, List<String> problems) {
        return new BundleReport(
                directory.toString(),
                origin,
                described,
                named(Part.ROOTFS),
                named(Part.KERNEL),
                parts.entrySet().stream()
                        .map(each -> new BundleReport.Part(
                                each.getKey().key,
                                each.getValue().path().toString(),
                                each.getValue().origin()))
                        .toList(),
                problems);
    }

    private @Nullable String named(Part part) {
        return parts.containsKey(part) ? publishedName() : null;
    }
}
