package dev.banger.host.initramfs;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.PublishedFile;
import dev.banger.kernel.InitramfsAssembler;
import dev.banger.kernel.Kernel;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The initramfs as an uncompressed cpio archive: unpacking it is a copy. In it are {@code /init} (the agent),
 * {@code /modules/NAME.ko}, and {@code /etc/modules.load}, {@code /etc/modules.vsock} and {@code /etc/modules.late} with a line
 * {@code /modules/NAME.ko [parameters]} for each in the order to load them; empty directories to mount on; and the two device nodes that PID 1 needs before it has mounted
 * devtmpfs. A file's name has the digest of all it is made from, so a new agent or kernel gets a new file. Thread-safe.
 */
public final class CpioInitramfs implements InitramfsAssembler {
    /** Part of the digest: goes up when the layout of the archive changes. */
    private static final String LAYOUT = "2";

    private static final List<String> LISTS = List.of("modules.load", "modules.vsock", "modules.late");

    /** What a kernel brings to be unpacked first, whatever it is compressed with; what is in both is banger's. */
    private static final String BEFORE = "initrd";

    private static final List<String> DIRECTORIES = List.of("dev", "etc", "modules", "newroot", "proc", "run", "sys");

    private final Path agent;
    private final Path directory;
    /** The digest takes longer than all else that a restore does before its VMM starts. */
    private final Map<Made, Path> assembled = new ConcurrentHashMap<>();

    /** What a published kernel and an agent that nobody has replaced make is always the same. */
    private record Made(Path kernel, String digest, FileTime agentModified, long agentBytes) {}

    /**
     * @param agent the guest agent's static binary
     * @param directory where archives are kept: {@link dev.banger.config.Places#initramfs()}
     */
    public CpioInitramfs(Path agent, Path directory) {
        this.agent = agent;
        this.directory = directory;
    }

    @Override
    public Path initramfs(Kernel kernel) {
        try {
            Made made =
                    new Made(kernel.directory(), kernel.digest(), Files.getLastModifiedTime(agent), Files.size(agent));
            Path known = assembled.get(made);
            if (known != null && Files.exists(known)) {
                return known;
            }
            Path file = assembled(kernel);
            assembled.put(made, file);
            return file;
        } catch (NoSuchFileException e) {
            throw missingAgent();
        } catch (IOException e) {
            throw DiskFailure.of("cannot assemble the initramfs of kernel " + kernel.name(), directory, e);
        }
    }

    private Path assembled(Kernel kernel) {
        try {
            byte[] init = readAgent();
            Map<String, List<String>> modules = new LinkedHashMap<>();
            for (String list : LISTS) {
                modules.put(list, modulesIn(kernel, list));
            }
            Path file = directory.resolve(digest(kernel, init, modules) + ".cpio");
            if (Files.notExists(file)) {
                PublishedFile.publish(file, unfinished -> {
                    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(unfinished), 1 << 16)) {
                        Path before = kernel.directory().resolve(BEFORE);
                        if (Files.exists(before)) {
                            out.write(new byte[padding(Files.copy(before, out))]);
                        }
                        write(out, init, modules, kernel.bootModules());
                    }
                });
            }
            return file;
        } catch (IOException e) {
            throw DiskFailure.of("cannot assemble the initramfs of kernel " + kernel.name(), directory, e);
        }
    }

    /** Between archives the kernel skips zeros; each begins at a multiple of 4 (Documentation/driver-api/early-userspace). */
    private static int padding(long bytes) {
        return (int) (-bytes & 511);
    }

    private byte[] readAgent() throws IOException {
        if (!Files.isRegularFile(agent)) {
            throw missingAgent();
        }
        return Files.readAllBytes(agent);
    }

    private BangerException missingAgent() {
        return new BangerException(
                ErrorCode.PRECONDITION_FAILED, "banger's guest agent is not at " + agent + "; install banger again");
    }

    /** Lines of a list: a module's name, then its parameters. */
    private static List<String> modulesIn(Kernel kernel, String list) throws IOException {
        Path file = kernel.bootModules().resolve(list);
        if (Files.notExists(file)) {
            return List.of();
        }
        return Files.readAllLines(file, StandardCharsets.UTF_8).stream()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .toList();
    }

    private static void write(OutputStream out, byte[] init, Map<String, List<String>> modules, Path moduleFiles)
            throws IOException {
        CpioWriter cpio = new CpioWriter(out);
        for (String each : DIRECTORIES) {
            cpio.directory(each, 0755);
        }
        cpio.characterDevice("dev/console", 0600, 5, 1);
        cpio.characterDevice("dev/null", 0666, 1, 3);
        cpio.file("init", 0755, init);
        for (Map.Entry<String, List<String>> list : modules.entrySet()) {
            addModules(cpio, "etc/" + list.getKey(), list.getValue(), moduleFiles);
        }
        cpio.end();
    }

    private static void addModules(CpioWriter cpio, String list, List<String> modules, Path moduleFiles)
            throws IOException {
        StringBuilder load = new StringBuilder();
        for (String line : modules) {
            String name = line.split("\\s+", 2)[0];
            String parameters = line.substring(name.length());
            cpio.file("modules/" + name + ".ko", 0644, Files.readAllBytes(moduleFiles.resolve(name + ".ko")));
            load.append("/modules/")
                    .append(name)
                    .append(".ko")
                    .append(parameters)
                    .append('\n');
        }
        cpio.file(list, 0644, load.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static String digest(Kernel kernel, byte[] init, Map<String, List<String>> modules) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            List<String> parts = new ArrayList<>(List.of(LAYOUT, kernel.digest()));
            modules.values().forEach(list -> parts.add(String.join("\n", list)));
            for (String part : parts) {
                sha256.update(part.getBytes(StandardCharsets.UTF_8));
                sha256.update((byte) 0);
            }
            sha256.update(init);
            return HexFormat.of().formatHex(sha256.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
