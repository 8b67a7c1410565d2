package dev.banger.api;

import org.jspecify.annotations.Nullable;

/**
 * The one exception of banger's API. Its message says what failed, on what, and the next step; it is shown to people as
 * it is. {@link #detail()} may carry what a program said, for those who look closer.
 */
public final class BangerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final String detail;

    public BangerException(ErrorCode code, String message) {
        this(code, message, "", null);
    }

    public BangerException(ErrorCode code, String message, @Nullable Throwable cause) {
        this(code, message, "", cause);
    }

    public BangerException(ErrorCode code, String message, String detail, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
        this.detail = detail;
    }

    public ErrorCode code() {
        return code;
    }

    /** More lines for the curious: the end of a log, a program's stderr. Empty if there are none. */
    public String detail() {
        return detail;
    }

    public static BangerException invalid(String message) {
        return new BangerException(ErrorCode.INVALID_ARGUMENT, message);
    }

    public static BangerException notFound(String message) {
        return new BangerException(ErrorCode.NOT_FOUND, message);
    }
}
