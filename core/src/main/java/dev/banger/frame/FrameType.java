package dev.banger.frame;

import java.util.Optional;

/** The types of frames, as docs/protocol.md numbers them. */
public enum FrameType {
    HELLO(1),
    COMMAND(2),
    EXEC(3),
    CONNECT(4),
    GET(5),
    PUT(6),
    IDENTITY(7),
    STATS(8),
    SYNC(9),
    POWEROFF(10),
    STARTED(11),
    REPLY(12),
    STDIN(16),
    STDOUT(17),
    STDERR(18),
    WINDOW(19),
    RESIZE(20),
    SIGNAL(21),
    EXIT(22),
    ERROR(23),
    CLOSE(24),
    TERMINAL(25),
    BECOME(26),
    SHUTDOWN(27),
    EVENT(28);

    private static final FrameType[] BY_CODE = new FrameType[29];

    static {
        for (FrameType type : values()) {
            BY_CODE[type.code] = type;
        }
    }

    private final int code;

    FrameType(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }

    /** Whether frames of this type carry a stream's bytes and use up credit. */
    public boolean isData() {
        return this == STDIN || this == STDOUT || this == STDERR;
    }

    static Optional<FrameType> of(int code) {
        return code < 0 || code >= BY_CODE.length ? Optional.empty() : Optional.ofNullable(BY_CODE[code]);
    }
}
