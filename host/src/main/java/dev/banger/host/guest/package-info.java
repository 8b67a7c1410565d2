/**
 * The channel to {@code banger-agent} over a Unix socket (docs/protocol.md).
 *
 * <p>May depend on: api, core, host.linux.
 */
@NullMarked
package dev.banger.host.guest;

import org.jspecify.annotations.NullMarked;
