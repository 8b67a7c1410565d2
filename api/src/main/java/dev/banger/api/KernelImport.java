package dev.banger.api;

import io.avaje.jsonb.Json;

/**
 * A kernel of this host to take over.
 *
 * @param name what it is called afterwards
 * @param directory where it lies, as a runtime bundle has it; an absolute path
 * @param replace whether the name may stand for another kernel until now; VMs keep the one they have
 */
@Json
public record KernelImport(String name, String directory, boolean replace) {}
