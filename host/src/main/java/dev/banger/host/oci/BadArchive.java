package dev.banger.host.oci;

/** An archive or a document of an image that is not as it has to be; whoever knows where it came from says so. */
final class BadArchive extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BadArchive(String what) {
        super(what);
    }
}
