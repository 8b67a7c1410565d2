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

        /** Whether it can run only what is at a bridge. */
        default boolean needsTap() {
            return false;
        }

        /** Tries it. @return why it cannot be used; empty: it can */
        String obstacle();

        /** Why VMs that run this way cannot run VMs themselves; empty: they can. Asked only where there is no other obstacle. */
        String nestedObstacle();

        /** What is to be said of it although it can be used; empty: nothing. */
        default String warning() {
            return "";
        }
    }

    /**
     * What a VM asks for.
     *
     * @param vmm null: any
     * @param acceleration {@code kvm} or {@code tcg}; null: any
     * @param tap whether it is at a bridge
     * @param rawDisks whether its disks are no qcow2 files, or not made yet
     * @param nested whether it is to run VMs itself
     */
    public record Wish(
            @Nullable String vmm, @Nullable String acceleration, boolean tap, boolean rawDisks, boolean nested) {
        private boolean allows(Candidate candidate) {
            return (vmm == null || candidate.vmm().name().equals(vmm))
                    && (acceleration == null || candidate.acceleration().label().equals(acceleration));
        }

        /** Why the candidate is none for the VM; empty: it is one. */
        private String obstacle(Candidate candidate) {
            if (candidate.needsTap() && !tap) {
                return "it needs a network with taps, which a daemon of root's can make: --network bridge, or one of your own";
            }
            if (candidate.vmm().needsRawDisks() && !rawDisks) {
                return "the VM's disks are qcow2 files, which it does not read";
            }
            String obstacle = candidate.obstacle();
            return obstacle.isEmpty() && nested ? candidate.nestedObstacle() : obstacle;
        }
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

    /** The first way that works and that is allowed. */
    public Choice choose(Wish wish) {
        List<Attempt> attempts = new ArrayList<>();
        for (Candidate candidate : candidates) {
            if (!wish.allows(candidate)) {
                continue;
            }
            Attempt attempt = new Attempt(candidate.vmm().name(), candidate.acceleration(), wish.obstacle(candidate));
            attempts.add(attempt);
            if (attempt.obstacle().isEmpty()) {
                return new Choice(candidate.vmm(), candidate.acceleration(), List.copyOf(attempts));
            }
        }
        StringBuilder message = new StringBuilder("no way to run a VM here");
        if (attempts.isEmpty()) {
            message.append("; there is no ").append(wish.vmm()).append(" with ").append(wish.acceleration());
        }
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

    /** Whether a machine that was saved by that build can be restored here. */
    public boolean offers(Vmm.Build build, String acceleration, boolean nested) {
        return candidates.stream()
                .filter(candidate -> candidate.acceleration().label().equals(acceleration))
                .filter(candidate -> candidate.obstacle().isEmpty())
                .anyMatch(candidate ->
                        candidate.vmm().build(candidate.acceleration(), nested).equals(build));
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
                String warning = candidate.warning();
                checks.add(
                        warning.isEmpty()
                                ? new Check(Status.PASS, subject, cost(candidate.acceleration()), "")
                                : new Check(Status.WARN, subject, "works, but " + warning, ""));
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
