package dev.banger.host.export;

/** An export or catalog that is not as it has to be; whoever knows where it lies says so. */
final class BadExport extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BadExport(String what) {
        super(what);
    }
}
