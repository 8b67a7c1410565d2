package dev.banger.network;

import java.util.List;
import java.util.Map;

/**
 * The host's packet filter. It only ever changes what is its own: tables and chains named and marked by {@link HomeId}, and
 * jumps to them. One call at a time; the caller sees to that.
 *
 * <p>Failures are BangerExceptions: PERMISSION_DENIED, PRECONDITION_FAILED when the kernel or a program lacks something,
 * ALREADY_EXISTS when somebody else's table has our name, TIMED_OUT when another program holds the lock for too long.
 */
public interface Firewall {
    /** {@code nftables}, {@code iptables} */
    String name();

    /**
     * Makes what is there equal to {@code rules}, in one step where the kernel can do that, and reads it back. Without ports
     * nothing of ours is left. Idempotent.
     *
     * @return whether anything had to be changed
     */
    boolean apply(Rules rules);

    /** Whether what is there is what was last applied. */
    boolean holds(Rules rules);

    /** Removes all that is ours. Idempotent. */
    void remove(HomeId home);

    /** How many packets each VM, by its id, was denied to send beyond the host, since its rules were first there. */
    Map<String, Long> denied(HomeId home);

    /**
     * What of others drops what our rules allow, a sentence each with the way out; empty when nothing does. What {@link #apply}
     * can get past without touching foreign rules is not among them.
     */
    List<String> obstacles(Rules rules);
}
