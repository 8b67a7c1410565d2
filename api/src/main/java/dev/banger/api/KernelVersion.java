package dev.banger.api;

import io.avaje.jsonb.Json;

/**
 * A kernel that can be fetched.
 *
 * @param release the kernel's own, as {@code uname -r} prints it
 * @param packageVersion of the package it comes in
 * @param downloadBytes how much is to be fetched
 * @param usual whether it is the one that is fetched when no version is asked for
 */
@Json
public record KernelVersion(String release, String packageVersion, long downloadBytes, boolean usual) {}
