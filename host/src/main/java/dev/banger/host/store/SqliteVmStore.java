package dev.banger.host.store;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.VmState;
import dev.banger.host.linux.DiskFailure;
import dev.banger.network.Ipv4Address;
import dev.banger.network.NamedNetwork;
import dev.banger.network.NetworkStore;
import dev.banger.vm.VmRecord;
import dev.banger.vm.VmStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.mapper.RowMapper;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;
import org.sqlite.SQLiteException;

/**
 * The database. Used by one thread at a time: SQLite has one writer anyway, and the daemon is the only
 * process that opens the file. WAL with synchronous=FULL: what a call acknowledged survives a power cut. Rows of states that the next
 * daemon would undo are written through a second connection with synchronous=NORMAL, which does not wait for the disk; they are in
 * the same log before what comes after them. Thread-safe.
 */
public final class SqliteVmStore implements VmStore, NetworkStore, AutoCloseable {
    private static final List<String> MIGRATIONS = List.of("001.sql", "002.sql");

    private static final RowMapper<VmRecord> MAPPER = (row, context) -> new VmRecord(
            row.getString("id"),
            row.getString("name"),
            StoredJson.SPEC.fromJson(row.getString("spec")),
            StoredJson.RUNTIME.fromJson(row.getString("runtime")),
            Instant.parse(row.getString("created_at")),
            Instant.parse(row.getString("updated_at")));

    private static final Set<VmState> PASSING = EnumSet.of(VmState.CREATING, VmState.STARTING);

    private final Path file;
    private final Handle handle;
    /** Whose changes are not waited for. */
    private final Handle hasty;

    private SqliteVmStore(Path file, Handle handle, Handle hasty) {
        this.file = file;
        this.handle = handle;
        this.hasty = hasty;
    }

    /** Opens the database, made or migrated if need be. The caller closes it. */
    public static SqliteVmStore open(Path file) {
        try {
            Handle handle = connect(file, SQLiteConfig.SynchronousMode.FULL);
            try {
                migrate(handle, file);
                return new SqliteVmStore(file, handle, connect(file, SQLiteConfig.SynchronousMode.NORMAL));
            } catch (RuntimeException e) {
                handle.close();
                throw e;
            }
        } catch (JdbiException e) {
            throw failed("open", file, e);
        }
    }

    private static Handle connect(Path file, SQLiteConfig.SynchronousMode synchronous) {
        SQLiteConfig config = new SQLiteConfig();
        config.enforceForeignKeys(true);
        config.setBusyTimeout(5_000);
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(synchronous);
        SQLiteDataSource source = new SQLiteDataSource(config);
        source.setUrl("jdbc:sqlite:" + file);
        return Jdbi.create(source).open();
    }

    /**
     * What a look at a database shows.
     *
     * @param ids of the VMs in it
     */
    public record Glance(List<String> ids, boolean needsMigration) {}

    /** Looks into a database that a daemon may be using. Nothing is written: no migration, no journal of SQLite's. */
    public static Glance glance(Path file) {
        SQLiteConfig config = new SQLiteConfig();
        config.setReadOnly(true);
        config.setBusyTimeout(5_000);
        SQLiteDataSource source = new SQLiteDataSource(config);
        // Without a journal nobody has the file open, and then SQLite needs none to read it (sqlite.org/uri.html).
        boolean alone = Files.notExists(Path.of(file + "-wal"));
        source.setUrl("jdbc:sqlite:" + file.toAbsolutePath().toUri() + (alone ? "?immutable=1" : "?mode=ro"));
        try (Handle handle = Jdbi.create(source).open()) {
            int version = version(handle, file);
            return new Glance(
                    version == 0
                            ? List.of()
                            : handle.createQuery("SELECT id FROM vms")
                                    .mapTo(String.class)
                                    .list(),
                    version < MIGRATIONS.size());
        } catch (JdbiException e) {
            throw failed("read", file, e);
        }
    }

    private static int version(Handle handle, Path file) {
        int version =
                handle.createQuery("PRAGMA user_version").mapTo(Integer.class).one();
        if (version > MIGRATIONS.size()) {
            throw new BangerException(
                    ErrorCode.DATA_CORRUPT,
                    "the database " + file + " has schema " + version + ", which a newer banger made; this one knows "
                            + MIGRATIONS.size() + ". Use the newer one");
        }
        return version;
    }

    private static void migrate(Handle handle, Path file) {
        int version = version(handle, file);
        for (int next = version + 1; next <= MIGRATIONS.size(); next++) {
            String script = script(MIGRATIONS.get(next - 1));
            int reached = next;
            handle.useTransaction(transaction -> {
                transaction.createScript(script).execute();
                transaction.execute("PRAGMA user_version = " + reached);
            });
        }
    }

    private static String script(String name) {
        try (InputStream in = SqliteVmStore.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("migration " + name + " is not packaged");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("cannot read migration " + name, e);
        }
    }

    @Override
    public void insert(VmRecord vm) {
        run(
                connection(vm),
                h -> h.createUpdate("""
                        INSERT INTO vms (id, name, host_address, spec, runtime, created_at, updated_at)
                        VALUES (:id, :name, :address, :spec, :runtime, :created, :updated)
                        """)
                        .bind("id", vm.id())
                        .bind("name", vm.name())
                        .bind("address", vm.runtime().hostAddress())
                        .bind("spec", StoredJson.SPEC.toJson(vm.spec()))
                        .bind("runtime", StoredJson.RUNTIME.toJson(vm.runtime()))
                        .bind("created", vm.createdAt().toString())
                        .bind("updated", vm.updatedAt().toString())
                        .execute());
    }

    @Override
    public void update(VmRecord vm) {
        int rows = run(
                connection(vm),
                h -> h.createUpdate("""
                        UPDATE vms SET name = :name, host_address = :address, spec = :spec, runtime = :runtime,
                                       updated_at = :updated
                        WHERE id = :id
                        """)
                        .bind("id", vm.id())
                        .bind("name", vm.name())
                        .bind("address", vm.runtime().hostAddress())
                        .bind("spec", StoredJson.SPEC.toJson(vm.spec()))
                        .bind("runtime", StoredJson.RUNTIME.toJson(vm.runtime()))
                        .bind("updated", vm.updatedAt().toString())
                        .execute());
        if (rows == 0) {
            throw BangerException.notFound(vm.name() + " has been deleted");
        }
    }

    @Override
    public void delete(String id) {
        run(h -> h.createUpdate("DELETE FROM vms WHERE id = :id").bind("id", id).execute());
    }

    @Override
    public Optional<VmRecord> find(String id) {
        return run(h -> h.createQuery("SELECT * FROM vms WHERE id = :id")
                .bind("id", id)
                .map(MAPPER)
                .findOne());
    }

    @Override
    public Optional<VmRecord> findByName(String name) {
        return run(h -> h.createQuery("SELECT * FROM vms WHERE name = :name")
                .bind("name", name)
                .map(MAPPER)
                .findOne());
    }

    @Override
    public List<VmRecord> all() {
        return run(h -> h.createQuery("SELECT * FROM vms ORDER BY created_at, id")
                .map(MAPPER)
                .list());
    }

    @Override
    public void insert(NamedNetwork network) {
        run(h -> h.createUpdate("""
                        INSERT INTO networks (name, address, prefix_length, created_at)
                        VALUES (:name, :address, :prefixLength, :created)
                        """)
                .bind("name", network.name())
                .bind("address", network.address().toString())
                .bind("prefixLength", network.prefixLength())
                .bind("created", network.createdAt().toString())
                .execute());
    }

    @Override
    public void deleteNetwork(String name) {
        run(h -> h.createUpdate("DELETE FROM networks WHERE name = :name")
                .bind("name", name)
                .execute());
    }

    @Override
    public List<NamedNetwork> networks() {
        return run(h -> h.createQuery("SELECT * FROM networks ORDER BY name")
                .map((row, context) -> new NamedNetwork(
                        row.getString("name"),
                        Ipv4Address.of(row.getString("address")),
                        row.getInt("prefix_length"),
                        Instant.parse(row.getString("created_at"))))
                .list());
    }

    private Handle connection(VmRecord vm) {
        return PASSING.contains(vm.runtime().state()) ? hasty : handle;
    }

    /** Not through SQLite, which would let nobody else do anything meanwhile. Its locks are on other files than the log. */
    @Override
    public void flush() {
        Path log = Path.of(file + "-wal");
        try (FileChannel channel = FileChannel.open(log, StandardOpenOption.READ)) {
            channel.force(false);
        } catch (NoSuchFileException e) {
            return; // everything is in the database itself
        } catch (IOException e) {
            throw DiskFailure.of("cannot write " + log, log, e);
        }
    }

    private <T> T run(Function<Handle, T> work) {
        return run(handle, work);
    }

    private synchronized <T> T run(Handle connection, Function<Handle, T> work) {
        boolean interrupted = Thread.interrupted(); // a cancelled operation still records what became of it
        try {
            return work.apply(connection);
        } catch (JdbiException e) {
            throw failed("use", file, e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static BangerException failed(String what, Path file, JdbiException e) {
        if (e.getCause() instanceof SQLiteException sqlite) {
            return switch (sqlite.getResultCode()) {
                case SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY ->
                    new BangerException(
                            ErrorCode.ALREADY_EXISTS, "that name or address is taken already; choose another name", e);
                case SQLITE_FULL ->
                    new BangerException(
                            ErrorCode.RESOURCE_EXHAUSTED,
                            "the disk is full: cannot write " + file + "; free some space and try again",
                            e);
                case SQLITE_CORRUPT, SQLITE_NOTADB ->
                    new BangerException(
                            ErrorCode.DATA_CORRUPT,
                            "the database " + file + " is damaged (" + sqlite.getMessage()
                                    + "); restore a copy of it: the VMs' disks are still there, but only it knows them",
                            e);
                default ->
                    new BangerException(
                            ErrorCode.HOST_COMMAND_FAILED,
                            "cannot " + what + " the database " + file + ": " + reason(e),
                            e);
            };
        }
        return new BangerException(
                ErrorCode.HOST_COMMAND_FAILED, "cannot " + what + " the database " + file + ": " + reason(e), e);
    }

    private static String reason(JdbiException e) {
        return String.valueOf(e.getCause() instanceof SQLException sql ? sql.getMessage() : e.getMessage());
    }

    @Override
    public synchronized void close() {
        hasty.close();
        handle.close();
    }
}
