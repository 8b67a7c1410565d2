package dev.banger.vm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/** Opens the channel to a guest's agent. */
public interface GuestConnector {
    /**
     * Waits until the agent answers.
     *
     * @param vsockPort as {@link RunningVm#vsockPort} has it
     * @param fresh whether nobody has used this channel before; otherwise what a predecessor left in it is skipped
     * @param vmAlive asked while waiting; when it turns false waiting is pointless
     * @throws dev.banger.api.BangerException GUEST_UNAVAILABLE when the VM ended, TIMED_OUT when it did not answer
     */
    GuestChannel connect(Path socket, OptionalInt vsockPort, boolean fresh, Duration atMost, BooleanSupplier vmAlive);
}
