package dev.banger.host.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.snapshot.MachineKey;
import dev.banger.snapshot.Snapshot;
import dev.banger.snapshot.SnapshotStore;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SnapshotDirectoriesTest {
    private static final MachineKey KEY =
            new MachineKey("qemu 1", "tcg", "Nehalem", "debian", "i1", "debian", "k1", "a.cpio", 2, 512, false);

    @TempDir
    private Path root;

    private SnapshotDirectories store;

    @BeforeEach
    void aStore() {
        store = new SnapshotDirectories(root.resolve("templates"));
    }

    private Snapshot publish(String id, Snapshot.@Nullable Origin origin) throws IOException {
        Path unfinished = store.begin("0123456789ab");
        try (RandomAccessFile memory =
                new RandomAccessFile(unfinished.resolve("memory").toFile(), "rw")) {
            memory.setLength(64L << 20);
            memory.seek(20 << 20);
            memory.write(new byte[] {1, 2, 3});
        }
        Files.writeString(unfinished.resolve("state"), "devices");
        Files.writeString(unfinished.resolve("root.qcow2"), "disk");
        Files.writeString(unfinished.resolve("api.sock"), "");
        return store.publish(id, KEY, origin, unfinished);
    }

    @Test
    void disksOfEveryKindAreKeptAndFoundByTheirSerialNumber() throws IOException {
        Path unfinished = store.begin("0123456789ab");
        Files.writeString(unfinished.resolve("root.cow"), "written");
        try (RandomAccessFile disk =
                new RandomAccessFile(unfinished.resolve("work.raw").toFile(), "rw")) {
            disk.setLength(64L << 20);
        }
        Snapshot.Origin origin = new Snapshot.Origin("ba9876543210", "dev", "one", null, 64L << 20, List.of());

        Snapshot made = store.publish("0123456789ab", KEY, origin, unfinished);

        assertThat(made.disk("root")).hasFileName("root.cow").hasContent("written");
        assertThat(made.disk("work")).hasFileName("work.raw").hasSize(64L << 20);
        assertThat(made.dataBytes()).isLessThan(1 << 20);
        assertThat(store.seal(made).files())
                .hasEntrySatisfying("work.raw", fact -> assertThat(fact.crc32()).isNotNegative());
    }

    @Test
    void itAppearsWholeAndWithoutWhatDoesNotBelongToIt() throws IOException {
        Snapshot made = publish(KEY.id(), null);

        assertThat(store.find(KEY.id())).contains(made);
        assertThat(store.all()).containsExactly(made);
        assertThat(made.hasMemory()).isTrue();
        assertThat(made.dataBytes()).isLessThan(1 << 20);
        assertThat(made.directory()).isDirectoryNotContaining("glob:**.sock");
        assertThat(store.making()).isEmptyDirectory();
        assertThat(new SnapshotDirectories(root.resolve("templates")).fault(made))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "state", "root.qcow2"})
    void aChangedByteACutFileAndAMissingOneAreFound(String name) throws IOException {
        Snapshot made = publish(KEY.id(), null);
        Path file = made.file(name);
        assertThat(store.fault(made)).isEmpty();

        try (RandomAccessFile changed = new RandomAccessFile(file.toFile(), "rw")) {
            changed.seek(name.equals("memory") ? 20 << 20 : 0);
            changed.write('x');
        }
        assertThat(store.fault(made)).hasValueSatisfying(why -> assertThat(why).contains(name, "checksum"));
        try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
            cut.setLength(1);
        }
        assertThat(store.fault(made)).hasValueSatisfying(why -> assertThat(why).contains(name, "bytes"));
        Files.delete(file);
        assertThat(store.fault(made)).hasValue(name + " is missing");

        store.setAside(made);
        assertThat(store.all()).isEmpty();
        assertThat(root.resolve("templates/broken")).isDirectory();
    }

    /** Of several VMs that are restored from it at once, each finds it broken. */
    @Test
    void whatIsSetAsideTwiceIsStillThereToBeLookedAt() throws IOException {
        Snapshot made = publish("0123456789ab", null);

        store.setAside(made);
        store.setAside(made);

        assertThat(root.resolve("templates/broken")).isDirectory();
    }

    /** Before it is sealed, a VM's disk is known by its size alone; afterwards by every byte, for the next daemon too. */
    @Test
    void aChangedByteInASealedDiskIsFound() throws IOException {
        Snapshot.Origin origin = new Snapshot.Origin("0123456789ab", "dev", "one", null, 1 << 30, List.of());
        Snapshot sealed = store.seal(publish("ba9876543210", origin));
        assertThat(store.find("ba9876543210")).contains(sealed);
        assertThat(store.fault(sealed)).isEmpty();

        try (RandomAccessFile changed =
                new RandomAccessFile(sealed.file("root.qcow2").toFile(), "rw")) {
            changed.write('x');
        }

        SnapshotStore next = new SnapshotDirectories(root.resolve("templates"));
        for (SnapshotStore each : List.of(store, next)) {
            assertThat(each.fault(each.find("ba9876543210").orElseThrow()))
                    .hasValue("root.qcow2 is not what it was: its checksum differs");
        }
    }

    @Test
    void onlyItsDisksAreKeptWhereOthersNeedThem() throws IOException {
        Snapshot.Origin origin = new Snapshot.Origin("0123456789ab", "dev", "one", null, 1 << 30, List.of());
        Snapshot made = publish("ba9876543210", origin);

        store.keepOnlyDisks(made);

        Snapshot kept = store.find("ba9876543210").orElseThrow();
        assertThat(kept.hasMemory()).isFalse();
        assertThat(kept.origin()).isEqualTo(origin.unnamed());
        assertThat(kept.file("root.qcow2")).exists();
        assertThat(kept.file("memory")).doesNotExist();
        assertThat(store.fault(kept)).isEmpty();
        store.delete(kept);
        assertThat(store.all()).isEmpty();
    }

    @Test
    void whatWasNeverPublishedIsCleared() {
        Path unfinished = store.begin("0123456789ab");
        assertThat(unfinished).isDirectory();

        store.clear();

        assertThat(unfinished).doesNotExist();
        assertThat(store.all()).isEmpty();
    }

    @Test
    void garbageIsNoSnapshot() throws IOException {
        Path directory = Files.createDirectories(root.resolve("templates/0123456789abcdef"));
        Files.writeString(directory.resolve("snapshot.json"), "{\"id\":");

        assertThat(store.all()).isEmpty();
        assertThat(store.find("0123456789abcdef")).isEmpty();
        assertThat(store.find("../../etc")).isEmpty();
    }
}
