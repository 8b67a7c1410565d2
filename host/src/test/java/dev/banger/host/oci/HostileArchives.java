package dev.banger.host.oci;

import static dev.banger.host.oci.TarBytes.entry;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.zip.GZIPOutputStream;

/** Images that somebody made to do harm, and what has to become of each. {@code canary} is a path on the host. */
final class HostileArchives {
    /** Whether it is refused, or harmless within the image. */
    enum Fate {
        REFUSED,
        CONTAINED
    }

    /** Writes the image beneath a directory and gives its reference. */
    @FunctionalInterface
    interface Source {
        String writeTo(Path directory) throws IOException;
    }

    record Case(String name, Fate fate, Source source) {
        @Override
        public String toString() {
            return name;
        }
    }

    private final Path canary;
    private final List<Case> cases = new ArrayList<>();

    private HostileArchives(Path canary) {
        this.canary = canary;
    }

    static List<Case> all(Path canary) {
        HostileArchives all = new HostileArchives(canary);
        all.paths();
        all.links();
        all.entries();
        all.headers();
        all.paxHeaders();
        all.sparse();
        all.whiteouts();
        all.bombs();
        all.compression();
        all.documents();
        all.archives();
        all.garbage();
        return all.cases;
    }

    private void add(String name, Fate fate, Source source) {
        cases.add(new Case(name, fate, source));
    }

    private void layer(String name, Fate fate, Consumer<TarBytes> layer) {
        add(name, fate, directory -> {
            TarBytes tar = new TarBytes();
            layer.accept(tar);
            return new LayoutBuilder().layer(tar.done()).writeTo(directory);
        });
    }

    private void refused(String name, Consumer<TarBytes> layer) {
        layer(name, Fate.REFUSED, layer);
    }

    private void contained(String name, Consumer<TarBytes> layer) {
        layer(name, Fate.CONTAINED, layer);
    }

    private void paths() {
        refused("../ in a name", tar -> tar.file("../escaped", "x"));
        refused("many ../ in a name", tar -> tar.file("../".repeat(30) + "tmp/escaped", "x"));
        refused("../ in the middle", tar -> tar.file("a/../../escaped", "x"));
        refused("../ at the end", tar -> tar.directory("a/.."));
        refused("a name that is ..", tar -> tar.directory(".."));
        refused("../ behind ./", tar -> tar.file("./../escaped", "x"));
        refused("../ in a pax path", tar -> tar.add(entry("fine", '0').pax("path", "../escaped")));
        refused("../ in a GNU long name", tar -> gnuLong(tar, 'L', "../escaped").file("fine", "x"));
        refused("../ as a directory's name with a slash", tar -> tar.directory("../"));
        contained("an absolute name", tar -> tar.file(canary + "/escaped", "x"));
        contained("an absolute name with several slashes", tar -> tar.file("///" + canary + "/escaped", "x"));
        contained("a name of slashes", tar -> tar.directory("////"));
        refused("a file at /", tar -> tar.file("/", "x").add(entry(".", '2').to("/etc")));
        refused("a link at the root", tar -> tar.symlink("./", "/etc"));
        refused("a component of 256 bytes", tar -> tar.file("n".repeat(256), "x"));
        refused("a path of 5000 bytes", tar -> tar.file("n/".repeat(2500) + "f", "x"));
        refused("a NUL in a name", tar -> tar.add(entry("x", '0').pax("path", "a\0b")));
        refused("directories 2000 deep", tar -> tar.directory("d/".repeat(2000)));
        contained("backslashes and drive letters", tar -> tar.file("C:\\..\\..\\escaped", "x"));
        contained("names that are no UTF-8", tar -> tar.raw(TarBytes.header(raw("a\u00ff\u00fe"))));
        contained("escape sequences in a name", tar -> tar.file("\u001b[2J\u0007", "x"));
        refused("escape sequences in a name that is refused", tar -> tar.file("../\u001b[2J", "x"));
        contained("a name of dots", tar -> tar.file("...", "x").file("..a/.b.", "y"));
        refused("an empty name of a file", tar -> tar.file("", "x"));
        contained("lost+found as a file", tar -> tar.file("lost+found", "x"));
    }

    private void links() {
        contained("a symlink out of the image", tar -> tar.symlink("out", canary.toString()));
        contained(
                "a file through a symlink out",
                tar -> tar.symlink("out", canary.toString()).file("out/escaped", "x"));
        contained(
                "a file through a relative symlink out",
                tar -> tar.symlink("out", "../".repeat(20) + canary).file("out/escaped", "x"));
        contained(
                "a file through two symlinks",
                tar -> tar.symlink("a", "b").symlink("b", canary.toString()).file("a/escaped", "x"));
        contained(
                "a file in place of a symlink out",
                tar -> tar.symlink("out", canary + "/secret").file("out", "x"));
        contained(
                "a directory in place of a symlink out",
                tar -> tar.symlink("out", canary.toString()).directory("out").file("out/escaped", "x"));
        contained(
                "a whiteout through a symlink out",
                tar -> tar.symlink("out", canary.toString()).file("out/.wh.secret", ""));
        contained(
                "an opaque directory through a symlink out",
                tar -> tar.symlink("out", canary.toString()).file("out/.wh..wh..opq", ""));
        refused("a hard link to the host", tar -> tar.link("stolen", canary + "/secret"));
        refused(
                "a hard link through a symlink out",
                tar -> tar.symlink("out", canary.toString()).link("stolen", "out/secret"));
        refused("a hard link with ../", tar -> tar.link("stolen", "../".repeat(20) + canary + "/secret"));
        refused("a hard link to nothing", tar -> tar.link("a", ""));
        refused("a hard link to itself", tar -> tar.link("a", "a"));
        refused("hard links to each other", tar -> tar.link("a", "b").link("b", "a"));
        refused("a hard link to a directory", tar -> tar.directory("d").link("d/loop", "d"));
        refused("a hard link to the root", tar -> tar.link("a", "/"));
        contained(
                "a file over its hard link",
                tar -> tar.file("a", "1").link("b", "a").file("b", "2").link("b", "a"));
        contained(
                "a hard link in place of its own target",
                tar -> tar.file("a", "1").link("a", "a"));
        refused(
                "symlinks in a circle",
                tar -> tar.symlink("a", "b").symlink("b", "a").file("a/f", "x"));
        refused("a symlink to itself", tar -> tar.symlink("a", "a").file("a/f", "x"));
        contained("a symlink in a circle that nobody follows", tar -> tar.symlink("a", "a"));
        contained("a symlink to .. at the root", tar -> tar.symlink("up", "..").file("up/up/up/f", "x"));
        refused("a symlink to nothing", tar -> tar.symlink("a", ""));
        refused("a symlink to 5000 bytes", tar -> tar.symlink("a", "t".repeat(5000)));
        refused(
                "a symlink whose target has a component of 300 bytes",
                tar -> tar.symlink("a", "t".repeat(300)).file("a/f", "x"));
        refused("a path through a file", tar -> tar.file("f", "x").file("f/g", "y"));
        refused(
                "a path through a device",
                tar -> tar.add(entry("n", '3').device(1, 3)).file("n/g", "y"));
        refused("symlinks that double at each step", tar -> {
            tar.directory("0");
            for (int each = 1; each < 60; each++) {
                tar.symlink(Integer.toString(each), (each - 1) + "/../" + (each - 1));
            }
            tar.file("59/f", "x");
        });
        contained(
                "an init that is a symlink in a circle",
                tar -> tar.symlink("sbin", "sbin").symlink("etc/init", "init"));
        refused("70,000 hard links to a file", tar -> {
            tar.file("f", "x");
            for (int each = 0; each < 70_000; each++) {
                tar.link("l/" + each, "f");
            }
        });
    }

    private void entries() {
        contained(
                "a directory, a file and a directory again",
                tar -> tar.directory("a").file("a/b", "1").file("a", "2").directory("a"));
        contained("a file a thousand times", tar -> {
            for (int each = 0; each < 1000; each++) {
                tar.file("same", "version " + each);
            }
        });
        contained(
                "devices of the host",
                tar -> tar.add(entry("mem", '3').device(1, 1).mode(0666))
                        .add(entry("sda", '4').device(8, 0).mode(0666)));
        refused(
                "a device with a number of 32 bits",
                tar -> tar.add(entry("n", '3').device(1 << 20, 3)));
        refused("an owner beyond 32 bits", tar -> tar.add(entry("f", '0').pax("uid", "4294967296")));
        refused("the owner -1", tar -> tar.add(entry("f", '0').pax("uid", "4294967295")));
        refused("an owner that is no number", tar -> tar.add(entry("f", '0').pax("uid", "root")));
        contained("all mode bits", tar -> tar.add(entry("f", '0').mode(07777777)));
        contained("a time before 1901", tar -> tar.add(entry("f", '0').pax("mtime", "-99999999999.5")));
        contained("a time in the far future", tar -> tar.add(entry("f", '0').pax("mtime", "999999999999999999")));
        refused("a time that is no number", tar -> tar.add(entry("f", '0').pax("mtime", "now")));
        refused("an unknown type", tar -> tar.add(entry("f", 'Z')));
        refused("a multi-volume part", tar -> tar.add(entry("f", 'M')));
        refused(
                "more attributes than a file can have",
                tar -> tar.add(entry("f", '0').pax("SCHILY.xattr.user.a", "v".repeat(5000))));
        contained(
                "attributes of unknown kinds",
                tar -> tar.add(entry("f", '0')
                        .pax("SCHILY.xattr.evil.a", "v")
                        .pax("SCHILY.xattr.system.posix_acl_access", "garbage")
                        .pax("SCHILY.xattr.user." + "n".repeat(300), "v")
                        .pax("SCHILY.xattr.", "v")));
        contained(
                "attributes on a link and a device",
                tar -> tar.add(entry("l", '2').to("x").pax("SCHILY.xattr.user.a", "v"))
                        .add(entry("n", '3').device(1, 3).pax("SCHILY.xattr.security.a", "v")));
    }

    private void headers() {
        refused("a file of 8 EiB", tar -> tar.add(entry("f", '0').size(Long.MAX_VALUE)));
        refused("a file of 1 TiB without data", tar -> tar.add(entry("f", '0').size(1L << 40)));
        refused(
                "a negative size",
                tar -> tar.add(entry("f", '0').size(-2).data(new byte[0])).raw(negativeSize()));
        refused("a negative size of a pax header", tar -> {
            byte[] header = negativeSize();
            header[156] = 'x';
            tar.raw(TarBytes.sealed(header));
        });
        refused("a wrong checksum", tar -> {
            byte[] header = TarBytes.header(entry("f", '0'));
            header[0] ^= 1;
            tar.raw(header);
        });
        refused("a size that is no number", tar -> {
            byte[] header = TarBytes.header(entry("f", '0'));
            header[124] = 'x';
            tar.raw(TarBytes.sealed(header));
        });
        refused("a size in base 256 with all bits", tar -> {
            byte[] header = TarBytes.header(entry("f", '0'));
            Arrays.fill(header, 125, 136, (byte) 0xFF);
            header[124] = (byte) 0x80;
            tar.raw(TarBytes.sealed(header));
        });
        add(
                "a tar cut in a header",
                Fate.REFUSED,
                directory -> cut(new TarBytes().file("a", "x").file("b", "y").open(), 1024 + 100, directory));
        add(
                "a tar cut in a file",
                Fate.REFUSED,
                directory -> cut(new TarBytes().file("a", "x".repeat(5000)).open(), 2000, directory));
        add(
                "a tar that ends without an end",
                Fate.CONTAINED,
                directory -> cut(new TarBytes().file("a", "x").open(), 1024, directory));
        add("an empty tar", Fate.CONTAINED, directory -> cut(new byte[1024], 1024, directory));
        add("no byte at all", Fate.CONTAINED, directory -> cut(new byte[0], 0, directory));
        contained(
                "garbage behind the end",
                tar -> tar.file("a", "x")
                        .raw(new byte[1024])
                        .raw("junk".repeat(999).getBytes(StandardCharsets.UTF_8)));
        refused(
                "a directory with data that looks like a header",
                tar -> tar.add(entry("d", '5').size(512)).raw(TarBytes.header(entry("../escaped", '0'))));
        refused(
                "a link with data that looks like a header",
                tar -> tar.add(entry("l", '2').to("x").size(512)).raw(TarBytes.header(entry("../escaped", '0'))));
    }

    private static byte[] negativeSize() {
        byte[] header = TarBytes.header(entry("f", '0'));
        Arrays.fill(header, 124, 136, (byte) 0xFF);
        return TarBytes.sealed(header);
    }

    private void paxHeaders() {
        refused(
                "a pax header of 1 GiB",
                tar -> tar.raw(TarBytes.header(entry("x", 'x').size(1 << 30))));
        refused(
                "a pax header of 8 EiB",
                tar -> tar.raw(TarBytes.header(entry("x", 'x').size(Long.MAX_VALUE))));
        refused(
                "a GNU long name of 1 GiB",
                tar -> tar.raw(TarBytes.header(entry("x", 'L').size(1 << 30))));
        refused(
                "a global header of 1 GiB",
                tar -> tar.raw(TarBytes.header(entry("x", 'g').size(1 << 30))));
        refused(
                "a GNU long name of 900 KiB",
                tar -> gnuLong(tar, 'L', "n".repeat(900_000)).file("f", "x"));
        for (String record : List.of(
                "",
                "x",
                "10 path=a",
                "999999 path=a\n",
                "0 =\n",
                "5 a=\n\n",
                "-1 path=a\n",
                "11 path=abc",
                "7 path\n",
                "99999999999999999999 path=a\n",
                " 9 path=a\n")) {
            if (!record.isEmpty()) {
                refused(
                        "the pax record " + record.strip(),
                        tar -> pax(tar, record).file("f", "x"));
            }
        }
        refused("a pax size beyond the data", tar -> tar.add(entry("f", '0').pax("size", "99999999999")));
        refused("a pax size that is none", tar -> tar.add(entry("f", '0').pax("size", "-5")));
        refused(
                "a pax size that hides a header",
                tar -> tar.add(entry("f", '0').pax("size", "0").data(TarBytes.header(entry("../escaped", '0')))));
        contained("pax headers for nobody", tar -> {
            for (int each = 0; each < 1000; each++) {
                pax(tar, "9 path=a\n");
            }
        });
        contained("a pax header for nobody", tar -> pax(tar.file("a", "x"), "13 path=../b\n"));
    }

    private void sparse() {
        refused("a sparse map of overlapping parts", tar -> sparse10(tar, "2\n0\n10\n5\n10\n", 20, 30));
        refused("a sparse map beyond the end", tar -> sparse10(tar, "1\n100\n10\n", 10, 20));
        refused("a sparse map with too little data", tar -> sparse10(tar, "1\n0\n1000000\n", 10, 1_000_000));
        refused("a sparse map with a huge count", tar -> sparse10(tar, "999999999999\n", 10, 10));
        refused("a sparse map that is no number", tar -> sparse10(tar, "x\n", 10, 10));
        refused("a sparse map without an end", tar -> sparse10(tar, "1".repeat(400), 10, 10));
        refused("a sparse file of 8 EiB", tar -> sparse10(tar, "0\n", 0, 999_999_999_999_999_999L));
        contained("a sparse file of 1 TiB", tar -> sparse10(tar, "0\n", 0, 1L << 40));
        refused("a sparse map of negative numbers", tar -> sparse10(tar, "1\n-1\n10\n", 10, 20));
        add("an old sparse map that never ends", Fate.REFUSED, directory -> {
            byte[] header = TarBytes.header(entry("f", 'S'));
            header[482] = 1;
            byte[] more = new byte[512];
            more[504] = 1;
            TarBytes tar = new TarBytes().raw(TarBytes.sealed(header));
            for (int each = 0; each < 100; each++) {
                tar.raw(more);
            }
            return cut(tar.open(), tar.open().length, directory);
        });
        refused(
                "a sparse map in a header that is none",
                tar -> tar.add(entry("f", '0').pax("GNU.sparse.size", "10").pax("GNU.sparse.map", "0,99")));
        refused(
                "../ in a sparse name",
                tar -> tar.add(entry("f", '0')
                        .pax("GNU.sparse.size", "10")
                        .pax("GNU.sparse.name", "../escaped")
                        .pax("GNU.sparse.map", "")));
    }

    private void whiteouts() {
        refused("a whiteout of nothing", tar -> tar.file(".wh.", ""));
        refused("a whiteout of .", tar -> tar.file("a/.wh..", ""));
        refused("a whiteout of ..", tar -> tar.file("a/.wh...", ""));
        contained("a whiteout of what is not there", tar -> tar.file("no/where/.wh.f", ""));
        contained(
                "a whiteout through a circle of links",
                tar -> tar.file(".wh.a", "").symlink("b", "c"));
        contained("an opaque root", tar -> tar.file(".wh..wh..opq", ""));
        contained("a whiteout that is a directory", tar -> tar.directory(".wh.x"));
        contained("whiteouts of aufs", tar -> tar.directory(".wh..wh.plnk").file(".wh..wh.aufs", ""));
        refused("a whiteout with ../", tar -> tar.file("../.wh.secret", ""));
    }

    private void bombs() {
        add(
                "a file of zeros, much larger than its layer",
                Fate.REFUSED,
                directory -> streamed(directory, out -> {
                    out.write(TarBytes.header(entry("zeros", '0').size(2L << 40)));
                    byte[] zeros = new byte[1 << 20];
                    for (int each = 0; each < 1300; each++) {
                        out.write(zeros);
                    }
                }));
        add("zeros of 4 GiB in a zstd frame", Fate.REFUSED, directory -> {
            byte[] frame = Zstd.compress(new byte[64 << 20]);
            byte[] blob = new byte[frame.length * 64];
            for (int each = 0; each < 64; each++) {
                System.arraycopy(frame, 0, blob, each * frame.length, frame.length);
            }
            byte[] header = Zstd.compress(TarBytes.header(entry("zeros", '0').size(4L << 30)));
            byte[] all = Arrays.copyOf(header, header.length + blob.length);
            System.arraycopy(blob, 0, all, header.length, blob.length);
            return new LayoutBuilder().layer(all, new byte[0]).writeTo(directory);
        });
        add(
                "a million directories",
                Fate.REFUSED,
                directory -> streamed(directory, out -> {
                    byte[] header = TarBytes.header(entry("d", '5'));
                    for (int each = 0; each < 1_000_000; each++) {
                        byte[] name = String.format("d%06d", each).getBytes(StandardCharsets.US_ASCII);
                        System.arraycopy(name, 0, header, 0, name.length);
                        out.write(TarBytes.sealed(header));
                    }
                }));
        add(
                "names that take long to look up",
                Fate.REFUSED,
                directory -> streamed(directory, out -> {
                    String deep = "d/".repeat(1000);
                    out.write(new TarBytes().directory(deep).open());
                    byte[] entry = new TarBytes()
                            .add(entry("x", '5').pax("path", deep + "x"))
                            .open();
                    for (int each = 0; each < 120_000; each++) {
                        out.write(entry);
                    }
                }));
        add("a hundred layers of the same", Fate.CONTAINED, directory -> {
            LayoutBuilder layout = new LayoutBuilder();
            byte[] tar = new TarBytes().file("a", "x").file(".wh.a", "").done();
            for (int each = 0; each < 100; each++) {
                layout.layer(tar);
            }
            return layout.writeTo(directory);
        });
        add("a thousand layers", Fate.REFUSED, directory -> {
            LayoutBuilder layout = new LayoutBuilder();
            byte[] tar = new TarBytes().file("a", "x").done();
            for (int each = 0; each < 1000; each++) {
                layout.layer(tar, tar);
            }
            return layout.writeTo(directory);
        });
    }

    /** Writes a tar. */
    @FunctionalInterface
    private interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /** A layer that nobody ever has in memory as a whole. */
    private static String streamed(Path directory, Content content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out, 1 << 16)) {
            content.writeTo(gzip);
        }
        return new LayoutBuilder().layer(out.toByteArray(), new byte[0]).writeTo(directory);
    }

    private void compression() {
        byte[] tar = new TarBytes().file("a", "content".repeat(1000)).done();
        add("gzip cut short", Fate.REFUSED, directory -> {
            byte[] blob = LayoutBuilder.gzip(tar);
            return new LayoutBuilder()
                    .layer(Arrays.copyOf(blob, blob.length / 2), tar)
                    .writeTo(directory);
        });
        add("gzip with a flipped bit", Fate.REFUSED, directory -> {
            byte[] blob = LayoutBuilder.gzip(tar);
            blob[blob.length / 2] ^= 4;
            return new LayoutBuilder().layer(blob, tar).writeTo(directory);
        });
        add(
                "gzip within gzip",
                Fate.REFUSED,
                directory -> new LayoutBuilder()
                        .layer(LayoutBuilder.gzip(LayoutBuilder.gzip(tar)), tar)
                        .writeTo(directory));
        add("zstd cut short", Fate.REFUSED, directory -> {
            byte[] blob = Zstd.compress(tar);
            return new LayoutBuilder()
                    .layer(Arrays.copyOf(blob, blob.length / 2), tar)
                    .writeTo(directory);
        });
        add("a zstd frame that wants a window of 2 GiB", Fate.REFUSED, directory -> {
            byte[] blob = {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0x00, (byte) (21 << 3), 1, 0, 0};
            return new LayoutBuilder().layer(blob, tar).writeTo(directory);
        });
        add(
                "xz",
                Fate.REFUSED,
                directory -> new LayoutBuilder()
                        .layer(new byte[] {(byte) 0xFD, '7', 'z', 'X', 'Z', 0, 0, 0}, tar)
                        .writeTo(directory));
    }

    private void documents() {
        byte[] tar = new TarBytes().file("a", "x").done();
        add(
                "a layer whose tar has another digest",
                Fate.REFUSED,
                directory -> new LayoutBuilder()
                        .layer(tar, LayoutBuilder.digest(new byte[1]), tar.length, LayoutBuilder.digest(tar))
                        .writeTo(directory));
        add(
                "a layer whose blob has another digest",
                Fate.REFUSED,
                directory -> new LayoutBuilder()
                        .layer(LayoutBuilder.gzip(tar), LayoutBuilder.digest(tar), 3, "sha256:" + "a".repeat(64))
                        .writeTo(directory));
        add(
                "a layer of another size than is said",
                Fate.REFUSED,
                directory -> new LayoutBuilder()
                        .layer(tar, LayoutBuilder.digest(tar), tar.length + 1, LayoutBuilder.digest(tar))
                        .writeTo(directory));
        for (long size : new long[] {-1, 1L << 36, 1L << 50, Long.MAX_VALUE}) {
            add(
                    "a layer of " + size + " bytes",
                    Fate.REFUSED,
                    directory -> new LayoutBuilder()
                            .layer(tar, LayoutBuilder.digest(tar), size, LayoutBuilder.digest(tar))
                            .writeTo(directory));
        }
        for (String digest : List.of(
                "sha256:../../../../etc/passwd",
                "sha256:" + "A".repeat(64),
                "sha512:" + "a".repeat(128),
                "sha256:" + "a".repeat(63),
                "../" + "a".repeat(64),
                "")) {
            add(
                    "the digest \"" + digest + "\"",
                    Fate.REFUSED,
                    directory -> new LayoutBuilder()
                            .writeTo(
                                    directory,
                                    LayoutBuilder.index(
                                            LayoutBuilder.descriptor(LayoutBuilder.MANIFEST, digest, 1, ""))));
        }
        for (String index : List.of(
                "",
                "null",
                "[]",
                "{}",
                "{\"manifests\":null}",
                "{\"manifests\":[null]}",
                "{\"manifests\":[{}]}",
                "{\"manifests\":{}}",
                "[".repeat(100_000),
                "{\"a\":".repeat(50_000),
                "{\"manifests\":[{\"size\":1e999}]}",
                "{\"manifests\":\"" + "\\".repeat(9999))) {
            add(
                    "the index " + index.substring(0, Math.min(30, index.length())),
                    Fate.REFUSED,
                    directory -> new LayoutBuilder().writeTo(directory, index));
        }
        for (String run : List.of(
                "[]",
                "\"x\"",
                "{\"Env\":{}}",
                "{\"Cmd\":[[]]}",
                "{\"WorkingDir\":\"/../../etc\"}",
                "{\"Env\":[\"A=" + "x".repeat(200_000) + "\"]}",
                "{\"Cmd\":[\"a\\u0000b\"]}")) {
            add(
                    "the run configuration " + run.substring(0, Math.min(30, run.length())),
                    Fate.REFUSED,
                    directory -> new LayoutBuilder().layer(tar).run(run).writeTo(directory));
        }
        add(
                "an image for another architecture",
                Fate.REFUSED,
                directory ->
                        new LayoutBuilder().layer(tar).architecture("s390x").writeTo(directory));
        add(
                "a working directory through links in a circle",
                Fate.REFUSED,
                directory -> new LayoutBuilder()
                        .layer(new TarBytes().symlink("a", "a").done())
                        .run("{\"WorkingDir\":\"/a/b\"}")
                        .writeTo(directory));
        add(
                "a document of 5 MiB",
                Fate.REFUSED,
                directory -> new LayoutBuilder().writeTo(directory, " ".repeat(5 << 20)));
        add("an index within an index", Fate.REFUSED, directory -> {
            LayoutBuilder layout = new LayoutBuilder();
            String inner = layout.put("x", LayoutBuilder.index());
            for (int each = 0; each < 10; each++) {
                inner = layout.put("x", LayoutBuilder.index(inner));
            }
            return layout.writeTo(directory, LayoutBuilder.index(inner));
        });
        add("a layer of an unknown kind", Fate.REFUSED, directory -> {
            LayoutBuilder layout = new LayoutBuilder().layer(tar);
            String manifest = layout.manifest().replace("layer.v1.tar", "layer.v1.tar+encrypted");
            return layout.writeTo(directory, LayoutBuilder.index(layout.put(LayoutBuilder.MANIFEST, manifest)));
        });
        add("fewer layers than the configuration has", Fate.REFUSED, directory -> {
            LayoutBuilder layout = new LayoutBuilder().layer(tar);
            String config =
                    layout.put("c", layout.config().replace("[\"sha", "[\"" + LayoutBuilder.digest(tar) + "\",\"sha"));
            String manifest = "{\"config\":" + config + ",\"layers\":[]}";
            return layout.writeTo(directory, LayoutBuilder.index(layout.put(LayoutBuilder.MANIFEST, manifest)));
        });
        add("a blob that is a symlink to the host", Fate.REFUSED, directory -> {
            Path outside = Files.createDirectory(directory.resolve("outside"));
            LayoutBuilder layout = new LayoutBuilder().layer(LayoutBuilder.gzip(tar), tar);
            String reference = layout.writeTo(directory.resolve("layout"));
            Path blob = directory
                    .resolve("layout/blobs/sha256")
                    .resolve(LayoutBuilder.digest(LayoutBuilder.gzip(tar)).substring(7));
            Files.createSymbolicLink(blob, Files.move(blob, outside.resolve("blob")));
            return reference;
        });
    }

    private void archives() {
        archive(
                "a docker-archive with a layer outside",
                "[{\"Config\":\"c\",\"Layers\":[\"../../etc/passwd\"]}]",
                tar -> tar);
        archive(
                "a docker-archive whose configuration is outside",
                "[{\"Config\":\"/etc/passwd\",\"Layers\":[]}]",
                tar -> tar);
        archive("a docker-archive whose configuration is null", "[{\"Config\":null}]", tar -> tar);
        archive(
                "a docker-archive with links in a circle",
                "[{\"Config\":\"a\",\"Layers\":[]}]",
                tar -> tar.symlink("a", "b").symlink("b", "a"));
        archive(
                "a docker-archive with a link to the host",
                "[{\"Config\":\"a\",\"Layers\":[]}]",
                tar -> tar.symlink("a", canary + "/secret"));
        archive("a docker-archive of 20,000 files", "[]", tar -> {
            for (int each = 0; each < 20_000; each++) {
                tar.file("f" + each, "");
            }
            return tar;
        });
        add(
                "a docker-archive that is no tar",
                Fate.REFUSED,
                directory -> "docker-archive:"
                        + Files.writeString(directory.resolve("a.tar"), "no tar at all ".repeat(100)));
    }

    private void archive(String name, String manifest, UnaryOperator<TarBytes> members) {
        add(
                name,
                Fate.REFUSED,
                directory -> "docker-archive:"
                        + Files.write(
                                directory.resolve("a.tar"),
                                members.apply(new TarBytes())
                                        .file("manifest.json", manifest)
                                        .done()));
    }

    /** Tars that were fine until bytes of theirs were changed. Their end may be either, but it has to come. */
    private void garbage() {
        for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            byte[] noise = new byte[4096];
            random.nextBytes(noise);
            add(
                    "noise " + seed,
                    Fate.REFUSED,
                    directory -> new LayoutBuilder().layer(noise, noise).writeTo(directory));
        }
    }

    private static String cut(byte[] tar, int length, Path directory) throws IOException {
        return new LayoutBuilder().layer(Arrays.copyOf(tar, length)).writeTo(directory);
    }

    private static TarBytes gnuLong(TarBytes tar, char type, String name) {
        byte[] bytes = (name + "\0").getBytes(StandardCharsets.UTF_8);
        return tar.add(entry("././@LongLink", type).data(bytes));
    }

    private static TarBytes pax(TarBytes tar, String records) {
        return tar.add(entry("pax", 'x').data(records.getBytes(StandardCharsets.UTF_8)));
    }

    private static TarBytes.Entry raw(String name) {
        return entry(new String(name.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.ISO_8859_1), '0');
    }

    private static void sparse10(TarBytes tar, String map, int data, long size) {
        byte[] bytes = map.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer content = ByteBuffer.allocate((bytes.length + 511) / 512 * 512 + data);
        content.put(bytes);
        tar.add(entry("GNUSparseFile.0/f", '0')
                .data(content.array())
                .pax("GNU.sparse.major", "1")
                .pax("GNU.sparse.minor", "0")
                .pax("GNU.sparse.name", "f")
                .pax("GNU.sparse.realsize", Long.toString(size)));
    }
}
