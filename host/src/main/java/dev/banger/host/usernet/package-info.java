/**
 * QEMU's user-mode network: nothing on the host changes, each VM has a loopback address of its own.
 *
 * <p>May depend on: api, core, host.linux.
 */
@NullMarked
package dev.banger.host.usernet;

import org.jspecify.annotations.NullMarked;
