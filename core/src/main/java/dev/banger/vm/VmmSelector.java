package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Chooses how a VM runs here: tries the ways in order and keeps every attempt with its reason. Thread-safe. */
public final class VmmSelector {
    /** One way to run a VM: a VMM with an acceleration. */
    public interface Candidate {
        Vmm vmm();

        Acceleration acceleration();

        /** Tries it. @return why it cannot be used; empty: it can */
        String obstacle();

        /** Why VMs that run this way cannot run VMs themselves; empty: they can. Asked only where there is no other obstacle. */
        String nestedObstacle();
    }

    /** What was tried. An empty obstacle means that it works. */
    public record Attempt(String vmm, Acceleration acceleration, String obstacle) {}

    /** The way chosen. */
    public record Choice(Vmm vmm, Acceleration acceleration, List<Attempt> attempts) {}

    private final List<Candidate> candidates;

    /** {@code candidates} from the best to the last resort. */
    public VmmSelector(List<Candidate> candidates) {
        this.candidates = List.copyOf(candidates);
    }

    /** The way for a VM. */
    Choice choose(VmSpec spec) {
        return choose(spec.acceleration(), spec.nested());
    }

    /** The first way that works; {@code wanted} limits the choice to that acceleration, {@code nested} to what runs VMs in VMs. */
    public Choice choose(@Nullable String wanted, boolean nested) {
        List<Attempt> attempts = new ArrayList<>();
        for (Candidate candidate : candidates) {
            if (wanted != null && !candidate.acceleration().label().equals(wanted)) {
                continue;
            }
            Attempt attempt =
                    new Attempt(candidate.vmm().name(), candidate.acceleration(), obstacle(candidate, nested));
            attempts.add(attempt);
            if (attempt.obstacle().isEmpty()) {
                return new Choice(candidate.vmm(), candidate.acceleration(), List.copyOf(attempts));
            }
        }
        StringBuilder message = new StringBuilder("no way to run a VM here");
        for (Attempt attempt : attempts) {
            message.append("; ")
                    .append(attempt.vmm())
                    .append(" with ")
                    .append(attempt.acceleration().label())
                    .append(": ")
                    .append(attempt.obstacle());
        }
        throw new BangerException(ErrorCode.PRECONDITION_FAILED, message.toString());
    }

    private static String obstacle(Candidate candidate, boolean nested) {
        String obstacle = candidate.obstacle();
        return obstacle.isEmpty() && nested ? candidate.nestedObstacle() : obstacle;
    }

    /** The VMM that runs a VM already. */
    public Vmm byName(String name) {
        return candidates.stream()
                .map(Candidate::vmm)
                .filter(vmm -> vmm.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new BangerException(ErrorCode.DATA_CORRUPT, "there is no VMM \"" + name + "\""));
    }

    /** A row for each way. */
    public List<Check> doctor() {
        List<Check> checks = new ArrayList<>();
        boolean works = false;
        for (Candidate candidate : candidates) {
            String obstacle = candidate.obstacle();
            String subject =
                    candidate.vmm().name() + " with " + candidate.acceleration().label();
            if (obstacle.isEmpty()) {
                works = true;
                checks.add(new Check(Status.PASS, subject, cost(candidate.acceleration()), ""));
            } else {
                checks.add(new Check(Status.WARN, subject, obstacle, ""));
            }
        }
        if (!works) {
            checks.add(new Check(
                    Status.FAIL,
                    "virtual machines",
                    "no VM can run here",
                    "install QEMU: apt-get install qemu-system-x86"));
        }
        return checks;
    }

    private static String cost(Acceleration acceleration) {
        return switch (acceleration) {
            case KVM -> "works: guests run at the CPU's own speed";
            case TCG -> "works: software emulation, guest code runs several times slower than on the CPU";
        };
    }
}
