package dev.banger.api;

import io.avaje.jsonb.Json;
import java.time.Instant;

/**
 * The daemon: {@code daemon status --json} prints these fields. When none runs, the native client prints {@code running} (false)
 * and {@code socket} alone.
 *
 * @param running always true
 * @param pid of the daemon
 * @param version of banger
 * @param build tells apart two builds of one version; client and daemon are always of one build
 * @param socket where it answers
 * @param stateDirectory where the database and the VMs lie
 * @param startedAt when it was started
 * @param vmsRunning how many VMs run
 * @param vmsTotal how many VMs there are
 * @param residentBytes memory that it takes up
 * @param preparedVms VMs that are restored ahead of need; they are not counted among the others
 * @param preparedBytes memory that those take up, what they share divided among those that share it
 */
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
        long residentBytes,
        int preparedVms,
        long preparedBytes) {}
