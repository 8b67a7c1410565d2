package dev.banger.api;

import io.avaje.jsonb.Json;
import java.time.Instant;

/** The daemon: {@code daemon status --json} prints these fields. */
@Json
public record DaemonInfo(
        boolean running,
        long pid,
        String version,
        String build,
        String socket,
        String stateDirectory,
        Instant startedAt,
        int vmsRunning,
        int vmsTotal,
        long residentBytes) {}
