package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.StageTiming;
import dev.banger.api.TemplateWarm;
import dev.banger.api.VmInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Measures: each row by running the client from its start to its end, once for nothing (caches fill) and then as often as asked
 * for. What fails ends its own row, which says why. However it ends, the VMs it made are deleted.
 */
final class BenchRun {
    /** Restores and pool hits come as they come: how many starts, per row, to get enough of both. */
    private static final int MOST_STARTS = 3;

    private static final int POOL_ATTEMPTS = 2;
    /** A pool is filled when nothing has been started for two seconds, and filling it takes about as long. */
    private static final List<String> PAUSE = List.of("sleep", "6");

    /** What a fork's parent is paused for; the stage that follows keeps what was saved. */
    private static final Set<String> PAUSED = Set.of("pausing", "saving");

    private static final int TEN = 10;
    /** Without other programs, so that what is measured is the fork. */
    private static final String COUNTER =
            "setsid sh -c 'i=0; while :; do i=$((i+1)); echo $i >/run/count; sleep 0.2; done' >/dev/null 2>&1 &";

    private static final Set<BenchRow> WITH_VMS = EnumSet.range(BenchRow.BOOT, BenchRow.MEMORY);

    /** Runs a program. */
    @FunctionalInterface
    interface Runner {
        /**
         * Runs it to its end. @return how long that took
         *
         * @throws BangerException CANCELLED when the thread is interrupted; anything else when it cannot be run or fails
         */
        Duration run(List<String> command);
    }

    /** What a row has so far. */
    private static final class Tally {
        private final List<Double> millis = new ArrayList<>();
        private final List<List<StageTiming>> starts = new ArrayList<>();
        private String note = "";
    }

    /** Something done with a VM, timed by whoever does it. */
    private interface Step {
        void on(String vm, int turn);
    }

    private final Session session;
    private final Runner runner;
    private final int runs;
    private final ThrowawayVms vms;
    private final Map<BenchRow, Tally> tallies = new EnumMap<>(BenchRow.class);
    private String templateObstacle = "";

    /** {@code prefix} begins the name of every VM it makes, and of no other one. */
    BenchRun(Session session, Runner runner, int runs, String prefix, ThrowawayVms.Make make) {
        this.session = session;
        this.runner = runner;
        this.runs = runs;
        vms = new ThrowawayVms(session, runner, prefix, make);
    }

    BenchReport measure(Collection<BenchRow> wanted) {
        Instant begun = Instant.now();
        Set<BenchRow> rows = EnumSet.copyOf(wanted);
        try {
            if (rows.stream().anyMatch(WITH_VMS::contains)) {
                warm();
            }
            for (BenchRow row : rows) {
                measure(row, rows);
            }
        } finally {
            vms.deleteAll();
        }
        return new BenchReport(
                begun,
                session.version(),
                session.build(),
                runs,
                BenchHost.of(session.api(), vms),
                rows.stream()
                        .map(row -> {
                            Tally tally = tally(row);
                            return BenchReport.Row.of(row, tally.millis, tally.starts, tally.note);
                        })
                        .toList());
    }

    /** Without a template the first boot would have one made behind its back, which would slow down what is measured. */
    private void warm() {
        session.out().notice("making the template that VMs start from");
        try {
            vms.ranBy(new ProgressView(session, false)
                    .follow(session.api()
                            .warmTemplate(new TemplateWarm(
                                    null,
                                    vms.make().kernel(),
                                    null,
                                    null,
                                    null,
                                    false,
                                    vms.make().vmm()))));
        } catch (BangerException e) {
            rethrowCancel(e);
            templateObstacle = String.valueOf(e.getMessage());
        }
    }

    private void measure(BenchRow row, Set<BenchRow> rows) {
        if (!tally(row).millis.isEmpty() || row == BenchRow.POOL && rows.contains(BenchRow.RESTORE)) {
            return; // it came with one before
        }
        session.out().notice("measuring " + row.title());
        try {
            switch (row) {
                case BOOT -> boots();
                case RESTORE, POOL -> restores();
                case EXEC -> onOneVm((vm, turn) -> count(row, turn, vms.client("vm", "exec", vm, "--", "true")));
                case EXEC_AFTER_RESTORE -> firstExecs();
                case FORK, FORK_EXEC, FORK_PAUSE -> onOneVm(this::fork);
                case FIRST_FORK_PAUSE -> firstForks();
                case TEN_FORKS -> tenForks();
                case MEMORY -> memory();
                case SNAPSHOT -> onOneVm(this::snapshot);
                case LS -> repeat(row, vms.command("vm", "ls"));
                case CLIENT -> repeat(row, vms.command("version"));
                case GIT -> repeat(row, List.of("git", "--version"));
                case TRUE -> repeat(row, List.of("/bin/true"));
            }
        } catch (BangerException e) {
            rethrowCancel(e);
            tally(row).note = String.valueOf(e.getMessage());
        }
    }

    private void repeat(BenchRow row, List<String> command) {
        for (int turn = 0; turn <= runs; turn++) {
            count(row, turn, runner.run(command));
        }
    }

    /** Turn 0 is the one for nothing. */
    private void count(BenchRow row, int turn, Duration taken) {
        if (turn > 0) {
            tally(row).millis.add(Math.round(taken.toNanos() / 1e3) / 1e3);
        }
    }

    private void boots() {
        for (int turn = 0; turn <= runs; turn++) {
            String name = vms.name();
            count(BenchRow.BOOT, turn, vms.run(name, "--cold"));
            if (turn > 0) {
                tally(BenchRow.BOOT).starts.add(vms.started(name).lastStart());
            }
        }
    }

    private void restores() {
        Tally restore = tally(BenchRow.RESTORE);
        Tally pool = tally(BenchRow.POOL);
        Set<String> others = new TreeSet<>();
        try {
            vms.run(vms.name());
            for (int turn = 1;
                    turn <= runs || turn <= runs * MOST_STARTS && (isShort(restore) || pool.millis.size() < runs);
                    turn++) {
                if (turn > runs && !isShort(restore)) { // restores come first, one after the other
                    if (pool.millis.isEmpty() && turn > runs + POOL_ATTEMPTS) {
                        break; // there is none
                    }
                    runner.run(PAUSE);
                }
                String name = vms.name();
                Duration taken = vms.run(name);
                VmInfo vm = vms.started(name);
                String from = String.valueOf(vm.startedFrom());
                if (from.equals("template") || from.equals("pool")) {
                    BenchRow row = from.equals("pool") ? BenchRow.POOL : BenchRow.RESTORE;
                    if (tally(row).millis.size() < runs) {
                        count(row, turn, taken);
                        tally(row).starts.add(vm.lastStart());
                    }
                } else {
                    others.add(from);
                }
            }
        } catch (BangerException e) {
            rethrowCancel(e);
            restore.note = String.valueOf(e.getMessage());
            pool.note = restore.note;
            return;
        }
        String instead = others.isEmpty() ? "" : "; some came from: " + String.join(", ", others);
        if (restore.millis.size() < runs) {
            restore.note = restore.millis.size() + " starts came from a template" + instead
                    + (templateObstacle.isEmpty() ? "" : "; " + templateObstacle);
        }
        if (pool.millis.size() < runs) {
            pool.note = pool.millis.isEmpty() ? "no start came from a pool" : pool.millis.size() + " came from a pool";
        }
    }

    /** Of this kind there are some, but not enough. */
    private boolean isShort(Tally tally) {
        return !tally.millis.isEmpty() && tally.millis.size() < runs;
    }

    private void firstExecs() {
        Tally tally = tally(BenchRow.EXEC_AFTER_RESTORE);
        for (int turn = 1; turn <= runs; turn++) { // what is measured is the first one, so there is none for nothing
            VmInfo vm = vms.create();
            String from = String.valueOf(vm.startedFrom());
            if (from.equals("template") || from.equals("pool")) {
                count(BenchRow.EXEC_AFTER_RESTORE, turn, vms.client("vm", "exec", vm.name(), "--", "true"));
            } else {
                tally.note = "some starts were no restores but came from: " + from
                        + (templateObstacle.isEmpty() ? "" : "; " + templateObstacle);
            }
            vms.delete(vm.name());
        }
    }

    /**
     * Each row has a VM of its own: forks and snapshots leave chains of disks behind that slow down what comes after. What a row
     * that fails leaves behind goes in the end.
     */
    private void onOneVm(Step step) {
        String vm = vms.create().name();
        for (int turn = 0; turn <= runs; turn++) {
            step.on(vm, turn);
        }
        vms.delete(vm);
    }

    private void fork(String vm, int turn) {
        String name = vms.name();
        Duration taken = vms.client("vm", "fork", "-q", vm, name);
        count(BenchRow.FORK, turn, taken);
        count(BenchRow.FORK_EXEC, turn, taken.plus(vms.client("vm", "exec", name, "--", "true")));
        count(BenchRow.FORK_PAUSE, turn, pause(vm));
        if (turn > 0) {
            tally(BenchRow.FORK).starts.add(session.api().vm(name).lastStart());
        }
        vms.delete(name);
    }

    /** How long the last fork of a VM kept it from running. */
    private Duration pause(String vm) {
        return vms.operations("vm.fork", vm)
                .reduce((earlier, later) -> later)
                .map(fork -> fork.stages().stream()
                        .filter(stage -> PAUSED.contains(stage.stage().split(" ", 2)[0]))
                        .mapToLong(StageTiming::millis)
                        .sum())
                .map(Duration::ofMillis)
                .orElseThrow(() -> BangerException.notFound("the daemon does not know any more how it forked " + vm));
    }

    private void firstForks() {
        for (int turn = 1; turn <= runs; turn++) {
            String vm = vms.create().name();
            String fork = vms.name();
            vms.client("vm", "fork", "-q", vm, fork);
            count(BenchRow.FIRST_FORK_PAUSE, turn, pause(vm));
            vms.delete(fork);
            vms.delete(vm);
        }
    }

    private void tenForks() {
        String vm = vms.create().name();
        vms.client("vm", "exec", vm, "--", "sh", "-c", COUNTER);
        for (int turn = 1; turn <= runs; turn++) {
            String name = vms.name();
            count(BenchRow.TEN_FORKS, turn, vms.client("vm", "fork", "-q", vm, name, "-n", Integer.toString(TEN)));
            for (int i = 1; i <= TEN; i++) {
                vms.delete(name + "-" + i);
            }
        }
        vms.delete(vm);
    }

    /** Not a time: it is told in the note. Those that boot are looked at when their systems have settled, as templates have. */
    private void memory() {
        long restored = proportionalBytes();
        long booted = proportionalBytes("--cold", "--wait", "system");
        tally(BenchRow.MEMORY).note = Sizes.show(restored) + ", booted cold " + Sizes.show(booted)
                + String.format(Locale.ROOT, ": %.0f %% less", 100.0 * (booted - restored) / booted);
    }

    private long proportionalBytes(String... options) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < TEN; i++) {
            names.add(vms.create(options).name());
        }
        long sum = names.stream()
                .mapToLong(vm -> session.api().stats(vm).vmmProportionalBytes())
                .sum();
        names.forEach(vms::delete);
        return sum;
    }

    private void snapshot(String vm, int turn) {
        count(BenchRow.SNAPSHOT, turn, vms.client("vm", "snapshot", "create", "-q", vm, "bench-" + turn));
        if (turn > 0) {
            vms.operations("snapshot.create", vm)
                    .reduce((earlier, later) -> later)
                    .ifPresent(last -> tally(BenchRow.SNAPSHOT).starts.add(last.stages()));
        }
    }

    private Tally tally(BenchRow row) {
        return tallies.computeIfAbsent(row, ignored -> new Tally());
    }

    private static void rethrowCancel(BangerException e) {
        if (e.code() == ErrorCode.CANCELLED) {
            throw e;
        }
    }
}
