package dev.banger.host.oci;

import static dev.banger.host.oci.TarBytes.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageProgram;
import dev.banger.api.ImagePull;
import dev.banger.host.linux.SparseDigest;
import dev.banger.image.RootfsBuilder.Built;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How layers come together in an image. What is in the image is read by e2fsprogs. */
class LayersTest {
    @TempDir
    Path directory;

    private Puller puller;

    @BeforeEach
    void aPuller() {
        puller = new Puller(directory);
    }

    private Built pull(byte[]... layers) throws IOException {
        LayoutBuilder layout = new LayoutBuilder();
        for (byte[] layer : layers) {
            layout.layer(layer);
        }
        return puller.pull(layout.writeTo(directory.resolve("layout")));
    }

    private String cat(String path) {
        return puller.debugfs("cat " + path);
    }

    private String ls(String path) {
        return puller.debugfs("ls -p " + path);
    }

    @Test
    void aLaterLayerReplacesFilesAndKeepsTheOthers() throws Exception {
        pull(
                new TarBytes()
                        .directory("etc")
                        .file("etc/a", "old")
                        .file("etc/b", "kept")
                        .done(),
                new TarBytes().file("etc/a", "new").done());

        assertThat(cat("/etc/a")).isEqualTo("new");
        assertThat(cat("/etc/b")).isEqualTo("kept");
    }

    @Test
    void whiteoutsHideWhatIsBelowAndNothingOfTheirOwnLayer() throws Exception {
        pull(
                new TarBytes()
                        .file("gone", "1")
                        .file("d/old", "2")
                        .file("d/older", "3")
                        .file("tree/a/b", "4")
                        .done(),
                new TarBytes()
                        .file("d/fresh", "5")
                        .file(".wh.gone", "")
                        .file("d/.wh..wh..opq", "")
                        .file("d/afterwards", "6")
                        .file(".wh.tree", "")
                        .file("tree/c", "7")
                        .done());

        assertThat(ls("/")).doesNotContain("/gone/").doesNotContain(".wh.");
        assertThat(ls("/d")).contains("/fresh/", "/afterwards/").doesNotContain("/old/", "/older/", ".wh.");
        assertThat(ls("/tree")).contains("/c/").doesNotContain("/a/");
    }

    @Test
    void aFileInPlaceOfADirectoryTakesAllBeneathAway() throws Exception {
        pull(
                new TarBytes().file("x/y/z", "deep").file("f", "file").done(),
                new TarBytes()
                        .file("x", "flat")
                        .directory("f")
                        .file("f/g", "in")
                        .done());

        assertThat(cat("/x")).isEqualTo("flat");
        assertThat(cat("/f/g")).isEqualTo("in");
    }

    @Test
    void hardLinksShareAnInodeAcrossLayers() throws Exception {
        pull(
                new TarBytes().file("a", "same").done(),
                new TarBytes().link("b", "a").link("c", "/b").file("a", "other").done());

        assertThat(cat("/c")).isEqualTo("same");
        assertThat(puller.debugfs("stat /b")).contains("Links: 2");
        assertThat(cat("/a")).isEqualTo("other");
    }

    @Test
    void aPathThroughALinkOfALowerLayerLeadsWhereTheGuestWouldFindIt() throws Exception {
        pull(
                new TarBytes()
                        .directory("usr/bin")
                        .symlink("bin", "usr/bin")
                        .symlink("up", "../../../usr")
                        .done(),
                new TarBytes().file("bin/tool", "t").file("up/lib/l", "l").done());

        assertThat(cat("/usr/bin/tool")).isEqualTo("t");
        assertThat(cat("/usr/lib/l")).isEqualTo("l");
        assertThat(puller.debugfs("stat /bin")).contains("Fast link dest: \"usr/bin\"");
    }

    @Test
    void ownersModesTimesAndAttributesArriveAsTheyAre() throws Exception {
        byte[] capability = {1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        pull(new TarBytes()
                .add(entry("su", '0').mode(04711).owner(1_000_000_000L, 70_000).pax("mtime", "4000000000.123456789"))
                .add(entry("ping", '0').mode(0755).pax("SCHILY.xattr.security.capability", capability))
                .add(entry("big", '0')
                        .pax("SCHILY.xattr.user.big", "v".repeat(3000))
                        .pax("SCHILY.xattr.user.small", "s"))
                .add(entry("null", '3').mode(0666).device(1, 3))
                .add(entry("disk", '4').device(259, 70_000))
                .add(entry("pipe", '6'))
                .done());

        assertThat(puller.debugfs("stat /su"))
                .containsPattern("Mode: +04711")
                .contains("User: 1000000000   Group: 70000")
                .contains("mtime: 0xee6b2800:1d6f3455");
        assertThat(puller.debugfs("ea_get -V -x /ping security.capability")).startsWith("01 00 00 02 00 04");
        assertThat(puller.debugfs("ea_get -V /big user.big")).isEqualTo("v".repeat(3000));
        assertThat(puller.debugfs("ea_get -V /big user.small")).isEqualTo("s");
        assertThat(puller.debugfs("stat /null")).contains("Type: character special", "number: 01:03");
        assertThat(puller.debugfs("stat /disk")).contains("Type: block special", "number: 259:70000");
        assertThat(puller.debugfs("stat /pipe")).contains("Type: FIFO");
    }

    @Test
    void whatIsOverwrittenTakesUpNoSpace() throws Exception {
        byte[] large = new byte[20 << 20];
        new Random(1).nextBytes(large);
        pull(
                new TarBytes().add(entry("large", '0').data(large)).done(),
                new TarBytes().file(".wh.large", "").file("small", "s").done());

        assertThat(SparseDigest.dataBytes(puller.rootfs()))
                .as("what is left of 20 MiB, with the file system's own")
                .isLessThan(8 << 20);
    }

    @Test
    void zerosAreHolesAndComeBackAsZeros() throws Exception {
        byte[] content = new byte[3 << 20];
        content[1 << 20] = 1;
        content[content.length - 1] = 2;
        pull(new TarBytes().add(entry("sparse", '0').data(content)).done());

        Path out = directory.resolve("out");
        puller.debugfs("dump /sparse " + out);
        assertThat(Files.readAllBytes(out)).isEqualTo(content);
        assertThat(puller.debugfs("stat /sparse")).contains("Blockcount: 256"); // two pieces of 64 KiB
    }

    @Test
    void zstdAndPlainAndSeveralGzipMembersAreLayersToo() throws Exception {
        byte[] one = new TarBytes().file("one", "1").done();
        byte[] two = new TarBytes().file("two", "2").done();
        byte[] three = new TarBytes().file("three", "3").done();
        byte[] head = LayoutBuilder.gzip(Arrays.copyOf(three, 512));
        byte[] tail = LayoutBuilder.gzip(Arrays.copyOfRange(three, 512, three.length));
        byte[] members = Arrays.copyOf(head, head.length + tail.length);
        System.arraycopy(tail, 0, members, head.length, tail.length);
        LayoutBuilder layout =
                new LayoutBuilder().layer(one, one).zstdLayer(two).layer(members, three);

        puller.pull(layout.writeTo(directory.resolve("layout")));

        assertThat(cat("/one") + cat("/two") + cat("/three")).isEqualTo("123");
    }

    @Test
    void theConfigurationBecomesTheImagesProgram() throws Exception {
        LayoutBuilder layout = new LayoutBuilder()
                .layer(new TarBytes().file("bin/init", "").done())
                .run("""
                        {"User":"app:staff","Env":["A=1","B=x=y","broken"],"Entrypoint":["/entry","-v"],"Cmd":["serve"],
                         "WorkingDir":"/srv/app","Unknown":{"x":[1]}}""");

        Built built = puller.pull(layout.writeTo(directory.resolve("layout")));

        assertThat(built.program())
                .isEqualTo(new ImageProgram(
                        List.of("/entry", "-v"),
                        List.of("serve"),
                        Map.of("A", "1", "B", "x=y"),
                        "/srv/app",
                        "app:staff"));
        assertThat(built.hasInit()).isTrue();
        assertThat(puller.debugfs("stat /srv/app"))
                .as("made, as it was missing")
                .contains("Type: directory");
    }

    @Test
    void anIndexGivesTheImageForThisHost() throws Exception {
        LayoutBuilder layout =
                new LayoutBuilder().layer(new TarBytes().file("mine", "1").done());
        String own = layout.put(LayoutBuilder.MANIFEST, layout.manifest())
                .replaceFirst("}$", ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}");
        String other = LayoutBuilder.descriptor(
                LayoutBuilder.MANIFEST,
                "sha256:" + "0".repeat(64),
                1,
                ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"}");
        String index = layout.put("application/vnd.oci.image.index.v1+json", LayoutBuilder.index(other, own));

        puller.pull(layout.writeTo(directory.resolve("layout"), LayoutBuilder.index(index)));

        assertThat(cat("/mine")).isEqualTo("1");
        String only = layout.put("application/vnd.oci.image.index.v1+json", LayoutBuilder.index(other));
        String reference = layout.writeTo(directory.resolve("other"), LayoutBuilder.index(only));
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> puller.pull(reference))
                .withMessageContaining("for linux/arm64/v8");
    }

    @Test
    void anotherPlatformIsPulledWhenItIsAskedFor() throws Exception {
        LayoutBuilder layout =
                new LayoutBuilder().layer(new TarBytes().file("mine", "1").done());
        String own = layout.put(LayoutBuilder.MANIFEST, layout.manifest())
                .replaceFirst("}$", ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\",\"variant\":\"v3\"}}");
        String index = layout.put("application/vnd.oci.image.index.v1+json", LayoutBuilder.index(own));
        String reference = layout.writeTo(directory.resolve("layout"), LayoutBuilder.index(index));

        puller.pull(wanted(reference, "linux/amd64/v3"), Progress.none());

        assertThat(cat("/mine")).isEqualTo("1");
        for (String other : List.of("linux/arm64", "linux/amd64/v2")) {
            assertThatExceptionOfType(BangerException.class)
                    .isThrownBy(() -> puller.pull(wanted(reference, other), Progress.none()))
                    .withMessageContaining("no image for " + other + ", but for linux/amd64/v3");
        }
        for (String wrong : List.of("amd64", "windows/amd64", "linux/", "linux/amd64/v3/x")) {
            assertThatExceptionOfType(BangerException.class)
                    .isThrownBy(() -> puller.pull(wanted(reference, wrong), Progress.none()))
                    .matches(e -> e.code() == ErrorCode.INVALID_ARGUMENT);
        }
    }

    private static ImagePull wanted(String reference, String platform) {
        return new ImagePull(reference, null, false, false, platform, null);
    }

    @Test
    void aCompressedArchiveIsRefusedWithWhatToDo() throws Exception {
        byte[] archive = LayoutBuilder.gzip(LayoutBuilder.dockerArchive(List.of(new byte[1024])));
        Path file = Files.write(directory.resolve("saved.tar.gz"), archive);

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> puller.pull("docker-archive:" + file))
                .matches(e -> e.code() == ErrorCode.INVALID_ARGUMENT)
                .withMessageContaining("gunzip");
    }

    @Test
    void anArchiveIsReadInPlace() throws Exception {
        byte[] layer = new TarBytes().file("saved", "1").done();
        Path file = Files.write(
                directory.resolve("saved.tar"),
                LayoutBuilder.dockerArchive(List.of(layer, layer), "x/app:1", "x/app:2"));

        puller.pull("docker-archive:" + file + ":2");

        assertThat(cat("/saved")).isEqualTo("1");
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> puller.pull("docker-archive:" + file + ":3"))
                .matches(e -> e.code() == ErrorCode.NOT_FOUND)
                .withMessageContaining("x/app:1, x/app:2");
    }
}
