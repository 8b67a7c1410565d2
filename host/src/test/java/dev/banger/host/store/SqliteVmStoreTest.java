package dev.banger.host.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.VmState;
import dev.banger.network.Ipv4Address;
import dev.banger.network.NamedNetwork;
import dev.banger.testkit.Records;
import dev.banger.testkit.VmStoreConformance;
import dev.banger.vm.VmRecord;
import dev.banger.vm.VmStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteVmStoreTest extends VmStoreConformance {
    @TempDir
    private Path directory;

    private final List<SqliteVmStore> opened = new ArrayList<>();

    private SqliteVmStore open() {
        SqliteVmStore store = SqliteVmStore.open(directory.resolve("banger.db"));
        opened.add(store);
        return store;
    }

    @Override
    protected VmStore store() {
        return open();
    }

    @AfterEach
    void close() {
        opened.forEach(SqliteVmStore::close);
    }

    @Test
    void rowsSurviveAReopen() {
        VmRecord vm = Records.vm("dev", 1);
        try (SqliteVmStore first = SqliteVmStore.open(directory.resolve("banger.db"))) {
            first.insert(vm);
        }
        assertThat(open().find(vm.id())).contains(vm);
    }

    @Test
    void everyCommitIsOnDiskBeforeTheCallReturnsAndForeignKeysHold_P37() throws Exception {
        open();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("banger.db"));
                Statement statement = connection.createStatement()) {
            assertThat(text(statement, "PRAGMA journal_mode")).isEqualTo("wal");
            assertThat(text(statement, "PRAGMA integrity_check")).isEqualTo("ok");
            assertThat(text(statement, "PRAGMA user_version")).isEqualTo("2");
        }
    }

    /** They go through a connection of their own, which does not wait for the disk. */
    @Test
    void rowsThatTheNextDaemonWouldUndoAreInTheSameLog() throws Exception {
        VmRecord stopped = Records.vm("dev", 1);
        VmRecord creating = stopped.with(stopped.runtime().withState(VmState.CREATING));
        SqliteVmStore store = open();
        store.insert(creating);

        assertThat(store.find(creating.id())).contains(creating);
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> store.insert(Records.vm("dev", 2)))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS));

        store.flush();
        Path copy = Files.createDirectory(directory.resolve("copy"));
        for (String file : List.of("banger.db", "banger.db-wal")) {
            Files.copy(directory.resolve(file), copy.resolve(file));
        }
        try (SqliteVmStore after = SqliteVmStore.open(copy.resolve("banger.db"))) {
            assertThat(after.find(creating.id())).contains(creating);
        }
        store.update(stopped);
        assertThat(store.all()).containsExactly(stopped);
    }

    @Test
    void flushingAfterACheckpointIsNoError() {
        try (SqliteVmStore first = SqliteVmStore.open(directory.resolve("banger.db"))) {
            first.insert(Records.vm("dev", 1));
        }
        open().flush();
    }

    @Test
    void handlesHaveNoPlaceInTheDatabase_B2() throws Exception {
        open().insert(Records.vm("dev", 1));
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("banger.db"));
                Statement statement = connection.createStatement()) {
            String row = text(statement, "SELECT spec || runtime FROM vms");
            assertThat(row.toLowerCase(Locale.ROOT))
                    .doesNotContain("\"pid\"")
                    .doesNotContain("loop")
                    .doesNotContain("\"tap\"");
        }
    }

    private static String text(Statement statement, String sql) throws Exception {
        try (ResultSet result = statement.executeQuery(sql)) {
            return result.getString(1);
        }
    }

    /** As a banger left it that knew no networks. */
    @Test
    void anOlderDatabaseIsMigratedWithItsVms() throws Exception {
        VmRecord vm = Records.vm("dev", 1);
        open().insert(vm);
        close();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("banger.db"));
                Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE networks");
            statement.execute("PRAGMA user_version = 1");
        }
        SqliteVmStore store = open();
        assertThat(store.all()).containsExactly(vm);
        assertThat(store.networks()).isEmpty();
    }

    private Map<String, String> files() throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.list(directory)) {
            for (Path file : (Iterable<Path>) all::iterator) {
                files.put(
                        file.getFileName().toString(),
                        Arrays.hashCode(Files.readAllBytes(file)) + " " + Files.getLastModifiedTime(file));
            }
        }
        return files;
    }

    /** For doctor: neither a migration nor a file of SQLite's comes of a look. */
    @Test
    void aLookChangesNothing() throws Exception {
        VmRecord vm = Records.vm("dev", 1);
        open().insert(vm);
        close();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("banger.db"));
                Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA user_version = 1");
        }
        Map<String, String> before = files();
        assertThat(before).containsOnlyKeys("banger.db");

        SqliteVmStore.Glance glance = SqliteVmStore.glance(directory.resolve("banger.db"));

        assertThat(glance.ids()).containsExactly(vm.id());
        assertThat(glance.needsMigration()).isTrue();
        assertThat(files()).isEqualTo(before);
    }

    /** What is not in the main file yet is seen, too. */
    @Test
    void aLookSeesWhatADaemonHasJustWritten() throws Exception {
        VmRecord vm = Records.vm("dev", 1);
        open().insert(vm);
        Map<String, String> before = files();
        assertThat(before).containsKey("banger.db-wal");

        assertThat(SqliteVmStore.glance(directory.resolve("banger.db")).ids()).containsExactly(vm.id());

        assertThat(files().get("banger.db-wal")).isEqualTo(before.get("banger.db-wal"));
        assertThat(files().get("banger.db")).isEqualTo(before.get("banger.db"));
    }

    @Test
    void aLookAtWhatIsNoDatabaseSaysSo() throws Exception {
        Path file = Files.writeString(directory.resolve("banger.db"), "this is no database ".repeat(100));

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> SqliteVmStore.glance(file))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_CORRUPT));
    }

    @Test
    void networksSurviveAReopenAndHaveNamesOfTheirOwn() {
        NamedNetwork network =
                new NamedNetwork("backend", Ipv4Address.of("10.20.0.1"), 24, Instant.parse("2026-01-02T03:04:05Z"));
        open().insert(network);
        close();
        SqliteVmStore store = open();
        assertThat(store.networks()).containsExactly(network);
        assertThatThrownBy(() -> store.insert(network)).hasMessageContaining("taken already");
        store.deleteNetwork("backend");
        assertThat(store.networks()).isEmpty();
    }

    @Test
    void aDatabaseOfANewerBangerIsRefused() throws Exception {
        open();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("banger.db"));
                Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA user_version = 99");
        }
        assertThatThrownBy(this::open).hasMessageContaining("newer");
    }

    @Test
    void garbageInsteadOfADatabaseIsAClearError() throws Exception {
        Files.writeString(
                directory.resolve("banger.db"), "this is no database, but it is long enough to look at. ".repeat(50));
        assertThatThrownBy(this::open)
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_CORRUPT))
                .hasMessageContaining("banger.db");
    }

    @Test
    void aCancelledThreadStillRecordsWhatBecameOfItsWork() {
        SqliteVmStore store = open();
        Thread.currentThread().interrupt();
        store.insert(Records.vm("dev", 1));
        assertThat(Thread.interrupted()).isTrue();
        assertThat(store.all()).hasSize(1);
    }
}
