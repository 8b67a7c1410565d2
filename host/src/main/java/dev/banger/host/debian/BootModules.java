package dev.banger.host.debian;

import com.github.luben.zstd.ZstdInputStream;
import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.DiskFailure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;

/** Picks the modules an initramfs needs out of a kernel's module tree, with those they depend on. */
final class BootModules {
    /**
     * What stands between the kernel's start and a mounted root with the agent's channel and the network, in the order to load
     * it: the channel first, so that the agent says hello while the rest is loading. One too many costs time in every boot.
     */
    static final List<String> WANTED = List.of("virtio_mmio", "virtio_console", "virtio_blk", "virtio_net");

    /** What the agent's channel needs where the VMM has a vsock and no virtio-serial port; not loaded elsewhere. */
    static final List<String> WANTED_VSOCK = List.of("vmw_vsock_virtio_transport");

    /** What a guest needs only once it runs: loaded when the first command could run already. */
    static final List<String> WANTED_LATE = List.of("virtio_rng", "squashfs");

    static final List<String> ALL =
            Stream.of(WANTED, WANTED_VSOCK, WANTED_LATE).flatMap(List::stream).toList();

    /** The tree of one kernel version after depmod, {@code lib/modules/VERSION}. */
    private final Path tree;

    BootModules(Path tree) {
        this.tree = tree;
    }

    /**
     * Copies modules, uncompressed, as {@code NAME.ko} into {@code directory} and writes {@code list}: their names,
     * dependencies first. Those that are built into the kernel, or there already, are left out.
     *
     * @return the names in the list
     */
    List<String> copyTo(Path directory, String list, List<String> wanted) {
        try {
            Files.createDirectories(directory);
            List<Path> files = inLoadOrder(wanted);
            List<String> names = new ArrayList<>();
            for (Path file : files) {
                String name = moduleName(file.toString());
                if (Files.exists(directory.resolve(name + ".ko"))) {
                    continue;
                }
                try (InputStream in = uncompressed(tree.resolve(file))) {
                    Files.copy(in, directory.resolve(name + ".ko"));
                }
                names.add(name);
            }
            Files.writeString(directory.resolve(list), String.join("\n", names) + "\n", StandardCharsets.UTF_8);
            return List.copyOf(names);
        } catch (IOException e) {
            throw DiskFailure.of("cannot copy the boot modules to " + directory, directory, e);
        }
    }

    private List<Path> inLoadOrder(List<String> wanted) throws IOException {
        Map<String, List<String>> dependencies = dependencies();
        Set<String> builtIn =
                new HashSet<>(Files.readAllLines(tree.resolve("modules.builtin"), StandardCharsets.UTF_8).stream()
                        .map(BootModules::moduleName)
                        .toList());
        List<Path> order = new ArrayList<>();
        for (String name : wanted) {
            List<String> files = dependencies.get(name);
            if (files == null && builtIn.contains(name)) {
                continue;
            }
            if (files == null) {
                throw new BangerException(
                        ErrorCode.DATA_CORRUPT,
                        "the kernel in " + tree + " has no module " + name + ", which a VM cannot boot without");
            }
            // modules.dep(5) lists them so that the last is to be loaded first, the module itself last.
            files.reversed().stream()
                    .map(Path::of)
                    .filter(file -> !order.contains(file))
                    .forEach(order::add);
        }
        return order;
    }

    /** By module name: its file, then the files it depends on, as modules.dep has them. */
    private Map<String, List<String>> dependencies() throws IOException {
        Map<String, List<String>> dependencies = new HashMap<>();
        for (String line : Files.readAllLines(tree.resolve("modules.dep"), StandardCharsets.UTF_8)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                List<String> files = new ArrayList<>(List.of(line.substring(0, colon)));
                Arrays.stream(line.substring(colon + 1).strip().split(" "))
                        .filter(file -> !file.isEmpty())
                        .forEach(files::add);
                dependencies.put(moduleName(files.getFirst()), files);
            }
        }
        return dependencies;
    }

    /** A module's name has underscores where its file may have hyphens. */
    private static String moduleName(String file) {
        return file.substring(file.lastIndexOf('/') + 1)
                .replaceFirst("\\.ko(\\.(xz|zst|gz))?$", "")
                .replace('-', '_');
    }

    private static InputStream uncompressed(Path file) throws IOException {
        InputStream in = Files.newInputStream(file);
        String name = file.toString();
        if (name.endsWith(".xz")) {
            return new XZInputStream(in);
        }
        if (name.endsWith(".zst")) {
            return new ZstdInputStream(in);
        }
        return name.endsWith(".gz") ? new GZIPInputStream(in) : in;
    }
}
