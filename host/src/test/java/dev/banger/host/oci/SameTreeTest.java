package dev.banger.host.oci;

import static dev.banger.host.oci.TarBytes.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.banger.host.linux.Program;
import dev.banger.host.linux.UserNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Images that are made up, put into a real registry by others' tools: what banger makes of them is, file by file, what umoci
 * unpacks as root. Each seed is an image.
 */
class SameTreeTest {
    private static final int IMAGES = 30;

    /** Path, type and mode, owner, time, content, names of the same inode, attributes. */
    private static final String TREE = """
            import hashlib, os, stat, sys
            inodes = {}
            def look(path, name):
                s = os.lstat(path)
                facts = [name, oct(s.st_mode), s.st_uid, s.st_gid, s.st_mtime_ns]
                if stat.S_ISREG(s.st_mode):
                    facts += [s.st_size, hashlib.sha256(open(path, 'rb').read()).hexdigest()]
                if stat.S_ISLNK(s.st_mode):
                    facts += [os.readlink(path)]
                if stat.S_ISCHR(s.st_mode) or stat.S_ISBLK(s.st_mode):
                    facts += [hex(s.st_rdev)]
                if not stat.S_ISDIR(s.st_mode):
                    facts += [s.st_nlink, inodes.setdefault(s.st_ino, name)]
                attributes = os.listxattr(path, follow_symlinks=False)
                facts += sorted((each, os.getxattr(path, each, follow_symlinks=False)) for each in attributes)
                print(facts)
                if stat.S_ISDIR(s.st_mode):
                    for each in sorted(os.listdir(path)):
                        if name or each != b'lost+found':
                            look(path + b'/' + each, name + b'/' + each)
            look(os.fsencode(sys.argv[1]), b'')
            """;

    @TempDir
    static Path shared;

    private static Process registry;
    private static String host = "";

    @TempDir
    Path directory;

    @BeforeAll
    static void aRegistry() throws IOException {
        Puller puller = new Puller(shared);
        assumeTrue(UserNamespace.of(puller.programs).root(), "only root can make others' files and mount");
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            host = "127.0.0.1:" + free.getLocalPort();
        }
        Path settings =
                Files.writeString(shared.resolve("registry.yml"), """
                version: 0.1
                log: {level: error}
                storage: {filesystem: {rootdirectory: %s}}
                http: {addr: "%s"}
                """.formatted(shared.resolve("registry"), host));
        registry = new ProcessBuilder("docker-registry", "serve", settings.toString())
                .redirectErrorStream(true)
                .redirectOutput(shared.resolve("registry.log").toFile())
                .start();
        awaitRegistry();
    }

    private static void awaitRegistry() throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (true) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress("127.0.0.1", Integer.parseInt(host.substring(10))), 1000);
                return;
            } catch (IOException e) {
                if (System.nanoTime() > deadline || !registry.isAlive()) {
                    throw e;
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
            }
        }
    }

    @AfterAll
    static void noRegistry() {
        if (registry != null) {
            registry.destroyForcibly();
        }
    }

    static Stream<Integer> seeds() {
        return IntStream.rangeClosed(1, IMAGES).boxed();
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void isWhatUmociUnpacks(int seed) throws IOException {
        Puller puller = new Puller(directory);
        String layout = directory.resolve("layout").toString();
        run(puller, "umoci", "init", "--layout", layout);
        run(puller, "umoci", "new", "--image", layout + ":image");
        Invention invention = new Invention(seed);
        int layers = 2 + seed % 5;
        for (int layer = 0; layer < layers; layer++) {
            Path tar = Files.write(directory.resolve("layer.tar"), invention.layer());
            run(puller, "umoci", "raw", "add-layer", "--image", layout + ":image", tar.toString());
            if (seed % 3 == 0 && layer == 0) {
                run(
                        puller,
                        "umoci",
                        "raw",
                        "add-layer",
                        "--image",
                        layout + ":image",
                        sparse(puller, seed).toString());
            }
        }
        String name = "made/up-" + seed + ":1";
        run(
                puller,
                "skopeo",
                "copy",
                "--dest-tls-verify=false",
                "oci:" + layout + ":image",
                "docker://" + host + "/" + name);
        Path bundle = directory.resolve("bundle");
        run(puller, "umoci", "unpack", "--image", layout + ":image", bundle.toString());

        puller.pull(host + "/" + name);

        Path script = Files.writeString(directory.resolve("tree.py"), TREE);
        String expected = run(
                puller, "python3", script.toString(), bundle.resolve("rootfs").toString());
        Path mounted = Files.createDirectory(directory.resolve("mounted"));
        // The mount goes with its namespace.
        String actual = run(
                puller,
                "unshare",
                "--mount",
                "sh",
                "-c",
                "mount -o loop,ro \"$1\" \"$2\" && exec python3 \"$3\" \"$2\"",
                "sh",
                puller.rootfs().toString(),
                mounted.toString(),
                script.toString());
        assertThat(actual.lines()).containsExactlyElementsOf(expected.lines().toList());
        assertThat(expected.lines().count()).isGreaterThan(5);
    }

    private static String run(Puller puller, String... argv) {
        return puller.programs.run(Program.of(Duration.ofMinutes(2), argv)).text();
    }

    /** A layer by GNU tar, with sparse files in each of the formats that others can read, long names and hard links. */
    private Path sparse(Puller puller, int seed) throws IOException {
        Random random = new Random(seed);
        Path tree = Files.createDirectories(directory.resolve("sparse"));
        Path deep = Files.createDirectories(
                tree.resolve("s").resolve("n".repeat(120)).resolve("m".repeat(120)));
        Files.writeString(deep.resolve("long"), "name");
        for (int file = 0; file < 3; file++) {
            Path path = tree.resolve("s/sparse" + file);
            try (var channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                for (int part = random.nextInt(20); part >= 0; part--) {
                    byte[] bytes = new byte[1 + random.nextInt(9000)];
                    random.nextBytes(bytes);
                    channel.write(ByteBuffer.wrap(bytes), random.nextInt(10_000_000));
                }
            }
        }
        Files.createLink(tree.resolve("s/hard"), tree.resolve("s/sparse0"));
        Path tar = directory.resolve("sparse.tar");
        run(
                puller,
                "tar",
                "--sparse",
                "--format=posix",
                "--sparse-version=" + List.of("0.0", "0.1", "1.0").get(seed / 3 % 3),
                "--directory=" + tree,
                "-cf",
                tar.toString(),
                "s");
        return tar;
    }

    /** Makes layers up that could be somebody's: each changes what those before it have. */
    private static final class Invention {
        private static final List<String> WORDS = List.of(
                "a",
                "bin",
                "usr",
                "lib",
                "etc",
                "é",
                "with space",
                "new\nline",
                "\"q\"",
                ".hidden",
                "..dots",
                "back\\slash",
                "z".repeat(100),
                "x".repeat(200),
                "-dash",
                "*",
                "%41");
        private static final byte[] CAPABILITY = {1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

        private final Random random;
        /** Path and type of all there is. */
        private final Map<String, Character> there = new TreeMap<>(Map.of("", '5'));

        Invention(int seed) {
            random = new Random(seed);
        }

        byte[] layer() {
            TarBytes tar = new TarBytes();
            List<String> own = new ArrayList<>();
            boolean first = there.size() == 1;
            if (random.nextBoolean()) {
                tar.add(described(entry("./", '5')).mode(0755));
            }
            for (int each = 10 + random.nextInt(60); each > 0; each--) {
                String path = path();
                if (own.stream().anyMatch(mine -> mine.equals(path) || mine.startsWith(path + "/"))) {
                    continue;
                }
                int dice = random.nextInt(100);
                if (dice < 80) {
                    add(tar, own, path, dice);
                } else if (!first && !there.containsKey(path)) {
                    whiteOut(tar, own, dice);
                }
            }
            return tar.done();
        }

        private void add(TarBytes tar, List<String> own, String path, int dice) {
            TarBytes.Entry entry;
            if (dice < 25) {
                entry = entry(path + (random.nextBoolean() ? "/" : ""), '5');
            } else if (dice < 55) {
                entry = entry(path, '0').data(content());
            } else if (dice < 62) {
                entry = entry(path, '2')
                        .to(pick(
                                List.of("/etc", "nowhere", "../..", "x".repeat(59), "y".repeat(60), "a/".repeat(200))));
            } else if (dice < 70) {
                List<String> files = there.keySet().stream()
                        .filter(each -> there.getOrDefault(each, '?') == '0'
                                && !each.equals(path)
                                && !each.startsWith(path + "/"))
                        .toList();
                if (files.isEmpty()) {
                    return;
                }
                entry = entry(path, '1').to(pick(files));
            } else if (dice < 73) {
                entry = entry(path, '6');
            } else {
                entry = entry(path, dice < 77 ? '3' : '4')
                        .device(pick(List.of(1, 8, 259)), pick(List.of(0, 3, 255, 256, 70_000)));
            }
            described(entry);
            if (random.nextInt(3) == 0 && (entry.type == '0' || entry.type == '5')) {
                entry.pax("SCHILY.xattr.user.note", "v".repeat(pick(List.of(1, 20, 60, 300, 2000))));
                entry.pax("SCHILY.xattr.trusted.mark", "t");
            }
            if (random.nextInt(3) == 0 && entry.type == '0') {
                entry.pax("SCHILY.xattr.security.capability", CAPABILITY);
            }
            tar.add(entry);
            own.add(path);
            if (entry.type != '5' || there.getOrDefault(path, '5') != '5') {
                forgetBeneath(path);
            }
            there.put(path, entry.type == '1' ? '0' : entry.type);
        }

        private void whiteOut(TarBytes tar, List<String> own, int dice) {
            List<String> lower = there.keySet().stream()
                    .filter(each -> !each.isEmpty())
                    .filter(each -> own.stream().noneMatch(mine -> mine.equals(each) || mine.startsWith(each + "/")))
                    .toList();
            if (lower.isEmpty()) {
                return;
            }
            String gone = pick(lower);
            int slash = gone.lastIndexOf('/') + 1;
            if (dice < 93) {
                tar.file(gone.substring(0, slash) + ".wh." + gone.substring(slash), "");
                there.remove(gone);
            } else if (there.getOrDefault(gone, '?') == '5') {
                tar.add(described(entry(gone, '5')));
                tar.file(gone + "/.wh..wh..opq", "");
                own.add(gone);
            } else {
                return;
            }
            forgetBeneath(gone);
        }

        private void forgetBeneath(String path) {
            there.keySet().removeIf(each -> each.startsWith(path + "/"));
        }

        private TarBytes.Entry described(TarBytes.Entry entry) {
            entry.mode(pick(List.of(0644, 0755, 0600, 04755, 02755, 01777, 0, 06711)));
            entry.owner(pick(List.of(0L, 1000L, 65_534L, 3_000_000_000L)), pick(List.of(0L, 100L, 2_000_000L)));
            entry.at(pick(List.of(0L, 1L, 1_500_000_000L, 2_500_000_000L, 4_000_000_000L)));
            return random.nextBoolean() ? entry : entry.pax("mtime", entry.seconds + ".123456789");
        }

        private byte[] content() {
            byte[] bytes = new byte[pick(List.of(0, 1, 500, 4096, 20_000, 400_000))];
            if (random.nextInt(4) > 0) {
                random.nextBytes(bytes);
            } else if (bytes.length > 0) {
                bytes[bytes.length / 2] = 1;
            }
            return bytes;
        }

        private String path() {
            List<String> directories = there.keySet().stream()
                    .filter(each -> there.getOrDefault(each, '?') == '5' && each.length() < 1500)
                    .toList();
            String directory = pick(directories);
            String name = pick(WORDS) + (random.nextInt(3) == 0 ? "" : random.nextInt(30));
            return directory.isEmpty() ? name : directory + "/" + name;
        }

        private <T> T pick(List<T> from) {
            return from.get(random.nextInt(from.size()));
        }
    }
}
