package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.ErrorCode;
import dev.banger.operation.Lack;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
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

        /** What clears the obstacle away. */
        default Lack.Remedy remedy() {
            return Lack.NO_REMEDY;
        }

        /** What is to be said of it although it can be used; empty: nothing. */
        default String warning() {
            return "";
        }

        /** Which release of its program is here; empty where that is not known. */
        default String release() {
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
        List<Attempt> attempts = attempts(wish);
        return candidates.stream()
                .filter(wish::allows)
                .filter(candidate -> wish.obstacle(candidate).isEmpty())
                .findFirst()
                .map(candidate -> new Choice(candidate.vmm(), candidate.acceleration(), attempts))
                .orElseThrow(() -> Lack.refusal("run the VM", List.of(lack(wish, attempts))));
    }

    /** What this host lacks for a VM that asks for that: nothing, or one thing that says of each way why it is none. */
    public List<Lack> lacks(Wish wish) {
        List<Attempt> attempts = attempts(wish);
        return !attempts.isEmpty() && attempts.getLast().obstacle().isEmpty()
                ? List.of()
                : List.of(lack(wish, attempts));
    }

    /** Those up to the first that works. */
    private List<Attempt> attempts(Wish wish) {
        List<Attempt> attempts = new ArrayList<>();
        for (Candidate candidate : candidates) {
            if (wish.allows(candidate)) {
                Attempt attempt =
                        new Attempt(candidate.vmm().name(), candidate.acceleration(), wish.obstacle(candidate));
                attempts.add(attempt);
                if (attempt.obstacle().isEmpty()) {
                    break;
                }
            }
        }
        return List.copyOf(attempts);
    }

    private Lack lack(Wish wish, List<Attempt> attempts) {
        String tried = attempts.isEmpty()
                ? "there is no " + wish.vmm() + " with " + wish.acceleration()
                : attempts.stream()
                        .map(each -> each.vmm() + " with " + each.acceleration().label() + ": " + each.obstacle())
                        .collect(Collectors.joining("; "));
        // Of the last resort that something can be done about: the others ask for more.
        Lack.Remedy remedy = candidates.reversed().stream()
                .filter(wish::allows)
                .filter(candidate -> !candidate.obstacle().isEmpty())
                .map(Candidate::remedy)
                .filter(each -> !each.equals(Lack.NO_REMEDY))
                .findFirst()
                .orElse(Lack.NO_REMEDY);
        return new Lack("nothing here runs it (" + tried + ")", "", remedy);
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

    /** A row for each way, and one that says when there is none at all. */
    public List<Check> doctor() {
        List<Check> checks = new ArrayList<>();
        boolean works = false;
        for (Candidate candidate : candidates) {
            String obstacle = candidate.obstacle();
            String subject =
                    candidate.vmm().name() + " with " + candidate.acceleration().label();
            if (!obstacle.isEmpty()) {
                checks.add(new Lack(obstacle, "", candidate.remedy()).row(Status.WARN, subject));
                continue;
            }
            works = true;
            String release = candidate.release().isEmpty() ? "" : ", release " + candidate.release();
            checks.add(
                    candidate.warning().isEmpty()
                            ? new Check(Status.PASS, subject, cost(candidate.acceleration()) + release, "")
                            : new Check(Status.WARN, subject, "works, but " + candidate.warning(), ""));
        }
        if (!works) {
            Wish any = new Wish(null, null, true, true, false);
            checks.add(
                    new Lack("none can run here", "", lack(any, attempts(any)).remedy())
                            .row(Status.FAIL, "virtual machines"));
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
