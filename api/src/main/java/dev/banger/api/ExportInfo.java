package dev.banger.api;

import io.avaje.jsonb.Json;

/**
 * An image or kernel that was exported.
 *
 * @param kind {@code image} or {@code kernel}
 * @param name what it was called
 * @param path the directory or file it was written to
 * @param digest SHA-256 of its manifest, hex: whoever knows it knows all of the content
 * @param bytes what it takes up, compressed
 * @param dataBytes what that is, unpacked
 * @param files how many compressed parts were written; what was there already was not
 */
@Json
public record ExportInfo(String kind, String name, String path, String digest, long bytes, long dataBytes, int files) {}
