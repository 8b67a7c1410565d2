/**
 * bangerd: the composition root, the socket with its two doors (frames for the native client, HTTP for everyone else), and the
 * place where commands run.
 *
 * <p>May depend on: api, cli, core, host.
 */
@NullMarked
package dev.banger.daemon;

import org.jspecify.annotations.NullMarked;
