package dev.banger.cli;

/** The one who typed the command no longer listens: whatever it printed would go nowhere. */
final class ClientGone extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ClientGone(Throwable cause) {
        super("the client went away", cause);
    }
}
