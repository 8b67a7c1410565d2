package dev.banger.api;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/**
 * What a new network shall be.
 *
 * @param name one to 63 lower-case letters, digits and hyphens
 * @param subnet {@code ADDRESS/PREFIX}; null: one that is free
 */
@Json
public record NetworkCreate(String name, @Nullable String subnet) {}
