package dev.banger.testkit;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.vm.VmRecord;
import dev.banger.vm.VmStore;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A store that lives as long as the test: passed on to a second service it plays the database after a restart. */
public final class MemoryVmStore implements VmStore {
    private final Map<String, VmRecord> rows = new LinkedHashMap<>();

    @Override
    public synchronized void insert(VmRecord vm) {
        boolean taken = rows.values().stream()
                .anyMatch(row -> row.name().equals(vm.name())
                        || row.runtime().hostAddress().equals(vm.runtime().hostAddress())
                        || row.id().equals(vm.id()));
        if (taken) {
            throw new BangerException(ErrorCode.ALREADY_EXISTS, vm.name() + " already exists");
        }
        rows.put(vm.id(), vm);
    }

    @Override
    public synchronized void update(VmRecord vm) {
        if (rows.replace(vm.id(), vm) == null) {
            throw BangerException.notFound(vm.name() + " has been deleted");
        }
    }

    @Override
    public synchronized void delete(String id) {
        rows.remove(id);
    }

    @Override
    public void flush() {
        // it lasts no longer than the process in any case
    }

    @Override
    public synchronized Optional<VmRecord> find(String id) {
        return Optional.ofNullable(rows.get(id));
    }

    @Override
    public synchronized Optional<VmRecord> findByName(String name) {
        return rows.values().stream().filter(row -> row.name().equals(name)).findFirst();
    }

    @Override
    public synchronized List<VmRecord> all() {
        return rows.values().stream()
                .sorted(Comparator.comparing(VmRecord::createdAt).thenComparing(VmRecord::id))
                .toList();
    }
}
