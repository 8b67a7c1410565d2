package dev.banger.operation;

/**
 * Where long work says how far it is. Implementations are thread-safe and never block. Cancelling an operation
 * interrupts the thread that does its work; work that waits in programs or sockets notices by that.
 */
public interface Progress {
    /** A new stage begins, which ends the one before: {@code fetching the kernel}. */
    void stage(String stage);

    /** How much of the current stage is done; a total of 0 is unknown. */
    void update(long done, long total);

    /** Something the user should know although the work goes on. */
    void warn(String message);

    /** A line that a program wrote which does part of the work. */
    default void output(String line) {}

    /** Progress that nobody follows. */
    static Progress none() {
        return new Progress() {
            @Override
            public void stage(String stage) {}

            @Override
            public void update(long done, long total) {}

            @Override
            public void warn(String message) {}
        };
    }
}
