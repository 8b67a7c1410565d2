package dev.banger.frame;

/** The other side broke the frame protocol, or was asked to carry what it cannot; the connection is of no more use. */
public final class ProtocolException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ProtocolException(String message) {
        super(message);
    }
}
