package dev.banger.api;

import io.avaje.jsonb.Json;

/**
 * Where an image or kernel is to be exported to.
 *
 * @param path absolute; one file if it ends in {@code .tar}, else a directory
 * @param replace also if there is a file, or a directory that is an export
 */
@Json
public record ExportRequest(String path, boolean replace) {
    public ExportRequest {
        // A JSON body may leave it out.
        path = path == null ? "" : path;
    }
}
