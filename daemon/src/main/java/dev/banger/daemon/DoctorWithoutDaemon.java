package dev.banger.daemon;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.config.Configuration;
import dev.banger.config.Places;
import dev.banger.daemon.Doctor.Part;
import dev.banger.host.linux.InstanceLock;
import dev.banger.host.linux.TcpListeners;
import dev.banger.host.store.SqliteVmStore;
import dev.banger.host.store.SqliteVmStore.Glance;
import dev.banger.vm.Rollback;
import dev.banger.vm.VmDirectories;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * doctor where no daemon of this build answers: it may be that none can start here. Nothing is made, migrated or locked, and no daemon
 * is started.
 */
final class DoctorWithoutDaemon {
    private final Path tree;
    private final Places places;
    private final Map<String, String> environment;

    DoctorWithoutDaemon(Path tree, Places places, Map<String, String> environment) {
        this.tree = tree;
        this.places = places;
        this.environment = environment;
    }

    DoctorReport examine() {
        List<Part> parts = new ArrayList<>(List.of(Part.of("daemon", this::daemon)));
        Configuration configuration = configuration(parts);
        try (Rollback opened = new Rollback()) {
            // The answers of programs are kept in the run directory of a daemon, not by who only looks.
            Places looking = new Places(
                    places.config(),
                    places.state(),
                    places.cache(),
                    places.run().resolve("nothing"));
            parts.addAll(new HostChecks(HostParts.of(tree, looking, environment, configuration, opened)).parts());
            parts.addAll(new PlaceChecks(places).parts());
            parts.add(new Part(
                    "names",
                    () -> InstanceLock.isHeld(places.lock())
                            ? List.of()
                            : List.of(NameSettings.examine(configuration.settings(), TcpListeners.look()))));
            parts.add(Doctor.bundle(configuration));
            parts.add(Part.of("database", this::database));
            return new Doctor(parts).examine();
        }
    }

    private Check daemon() {
        return InstanceLock.isHeld(places.lock())
                ? new Check(
                        Status.WARN,
                        "daemon",
                        "one runs, but it is another build, or does not answer at " + places.socket()
                                + "; what only it knows is not in this report",
                        "banger daemon restart (VMs live on)")
                : new Check(Status.PASS, "daemon", "none runs; the first command that needs it starts it", "");
    }

    /** What a daemon would start with; where it would not, the usual. */
    private Configuration configuration(List<Part> parts) {
        try {
            Configuration configuration = Configuration.open(places, environment);
            parts.add(Part.of(
                    "configuration",
                    () -> new Check(
                            Status.PASS,
                            "configuration",
                            Files.exists(places.configFile())
                                    ? places.configFile() + " can be read"
                                    : "the usual: there is no " + places.configFile(),
                            "")));
            return configuration;
        } catch (BangerException e) {
            parts.add(Part.of(
                    "configuration",
                    () -> new Check(
                            Status.FAIL,
                            "configuration",
                            String.valueOf(e.getMessage()).replace("\n", "; "),
                            "until that is put right no daemon starts; what follows is without these settings")));
            Path nowhere = places.run().resolve("nothing");
            return Configuration.open(new Places(nowhere, nowhere, nowhere, nowhere), Map.of());
        }
    }

    private Check database() {
        if (Files.notExists(places.database())) {
            return new Check(Status.PASS, "database", "none yet; the first daemon makes it", "");
        }
        Glance glance;
        try {
            glance = SqliteVmStore.glance(places.database());
        } catch (BangerException e) {
            return new Check(
                    Status.FAIL,
                    "database",
                    String.valueOf(e.getMessage()),
                    "restore a copy of it, or move it away: VMs in " + places.vms() + " are then unknown, and kept");
        }
        List<String> orphans = new VmDirectories(places.vms())
                .ids().stream().filter(id -> !glance.ids().contains(id)).toList();
        return glance.needsMigration() && orphans.isEmpty()
                ? new Check(
                        Status.PASS,
                        "database",
                        glance.ids().size() + " VMs; an older banger made it, the next daemon brings it up to date",
                        "")
                : Doctor.database(places, glance.ids().size(), orphans);
    }
}
