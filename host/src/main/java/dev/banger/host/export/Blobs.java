package dev.banger.host.export;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Where the files of an export or a catalog are read. Nothing is compared here. Thread-safe. */
interface Blobs extends AutoCloseable {
    String MANIFEST = "export.json";
    String CATALOG = "catalog.json";
    /** Compressed parts, and the manifests of a catalog, each named by its digest. */
    String DIRECTORY = "blobs/";

    /** A whole document; fails on one that is longer. */
    byte[] document(String name, int most) throws IOException;

    /** A blob of exactly as many bytes as there is room for. */
    void read(String digest, ByteBuffer into) throws IOException;

    @Override
    void close();

    /** A document whose digest is known. */
    default byte[] verified(String name, String digest, int most) throws IOException {
        byte[] document = document(name, most);
        if (!Hex256.of(document).equals(digest)) {
            throw new BadExport("a manifest with another digest than it has to have");
        }
        return document;
    }

    static BadExport missing(String name) {
        return new BadExport("it has no " + name);
    }

    static BadExport tooLong(String name, int most) {
        return new BadExport(name + " has more than " + most + " bytes");
    }

    static BadExport otherLength(String digest) {
        return new BadExport("a part has another length than it has to have (" + DIRECTORY + digest + ")");
    }
}
