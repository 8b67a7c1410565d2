package dev.banger.api;

import io.avaje.jsonb.Json;
import java.time.Instant;

/**
 * An image or kernel that a catalog has.
 *
 * @param catalog where it is: {@code LOCATION#KEY}
 * @param kind {@code image} or {@code kernel}
 * @param architecture what it is for, such as {@code amd64}
 * @param manifest SHA-256 of its manifest, hex
 * @param digest of the image or kernel, as {@link ImageInfo#digest()}
 * @param source where it came from, for people
 * @param bytes what has to be fetched at most
 * @param dataBytes what it takes up on the host then
 * @param virtualBytes size of an image's file system; 0 for a kernel
 */
@Json
public record CatalogEntry(
        String catalog,
        String kind,
        String name,
        String architecture,
        String manifest,
        String digest,
        String source,
        long bytes,
        long dataBytes,
        long virtualBytes,
        Instant publishedAt) {}
