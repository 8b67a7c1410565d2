package dev.banger.network;

import java.util.List;

/**
 * What a look at the host came to.
 *
 * @param repaired what was not as it should be, and is again; a phrase each
 * @param degraded what could not be put right, with the reason; a sentence each
 */
public record Reconciliation(List<String> repaired, List<String> degraded) {
    public Reconciliation {
        repaired = List.copyOf(repaired);
        degraded = List.copyOf(degraded);
    }

    /** Whether all was as it should be. */
    public boolean clean() {
        return repaired.isEmpty() && degraded.isEmpty();
    }
}
