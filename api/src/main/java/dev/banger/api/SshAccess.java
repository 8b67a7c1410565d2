package dev.banger.api;

import io.avaje.jsonb.Json;

/** What {@code ssh} needs for a VM: files on the host and the name under which the host key is known. */
@Json
public record SshAccess(String user, String identityFile, String knownHostsFile, String hostKeyAlias, String vmId) {}
