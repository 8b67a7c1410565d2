package dev.banger.daemon;

import dev.banger.api.BangerException;
import dev.banger.api.BundleReport;
import dev.banger.api.DoctorReport;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.ErrorCode;
import dev.banger.config.Configuration;
import dev.banger.config.Places;
import dev.banger.vm.VmService;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Examines the host: each part of banger says what it found. Changes nothing. A part that cannot be looked at is a row that says so,
 * so that the report has always all parts. Thread-safe.
 */
final class Doctor {
    private static final Logger LOG = LoggerFactory.getLogger(Doctor.class);

    /** A part of the report; {@code subject} is what its row is called when it cannot be looked at. */
    record Part(String subject, Supplier<List<Check>> look) {
        static Part of(String subject, Supplier<Check> look) {
            return new Part(subject, () -> List.of(look.get()));
        }
    }

    private final List<Part> parts;

    Doctor(List<Part> parts) {
        this.parts = List.copyOf(parts);
    }

    /** For a daemon that runs. */
    static Doctor ofDaemon(HostParts host, Places places, Configuration configuration, VmService vms) {
        List<Part> parts = new ArrayList<>(new HostChecks(host).parts());
        parts.addAll(new PlaceChecks(places).parts());
        host.seams().capabilities().forEach(each -> parts.add(new Part(each.name(), each::doctor)));
        parts.add(Part.of("pool", vms::pool));
        parts.add(bundle(configuration));
        parts.add(Part.of("published ports", () -> new PortChecks(vms).row()));
        parts.add(Part.of("database", () -> database(places, vms.all().size(), vms.orphans())));
        return new Doctor(parts);
    }

    DoctorReport examine() {
        return new DoctorReport(
                parts.stream().flatMap(part -> rows(part).stream()).toList());
    }

    private static List<Check> rows(Part part) {
        try {
            return part.look().get();
        } catch (RuntimeException e) { // whatever it is, the other parts are looked at
            if (e instanceof BangerException cancelled && cancelled.code() == ErrorCode.CANCELLED) {
                throw cancelled;
            }
            LOG.warn("{} cannot be examined", part.subject(), e);
            return List.of(new Check(
                    Status.FAIL, part.subject(), "cannot be examined: " + e.getMessage(), "banger's log has more"));
        }
    }

    static Part bundle(Configuration configuration) {
        return new Part(
                "runtime bundle",
                () -> configuration.atStart().map(Doctor::row).stream().toList());
    }

    private static Check row(BundleReport bundle) {
        String named = bundle.directory() + ", which " + bundle.origin() + " names";
        return bundle.problems().isEmpty()
                ? new Check(Status.PASS, "runtime bundle", named, "")
                : new Check(
                        Status.FAIL,
                        "runtime bundle",
                        named + ": " + bundle.problems().getFirst(),
                        "\"banger bundle check " + bundle.directory() + "\" tells all that is wrong");
    }

    /** {@code orphans}: ids of VMs that have a directory, but no row. */
    static Check database(Places places, int vms, List<String> orphans) {
        return orphans.isEmpty()
                ? new Check(Status.PASS, "database", vms + " VMs", "")
                : new Check(
                        Status.WARN,
                        "database",
                        "does not know the VMs in " + places.vms() + " with the ids " + String.join(", ", orphans),
                        "restore a copy of " + places.database() + ", or remove those directories");
    }
}
