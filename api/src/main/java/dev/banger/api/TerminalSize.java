package dev.banger.api;

import io.avaje.jsonb.Json;

/** Rows and columns of a terminal. */
@Json
public record TerminalSize(int rows, int columns) {}
