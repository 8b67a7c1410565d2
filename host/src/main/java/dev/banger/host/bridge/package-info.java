/**
 * The bridge and its taps, by iproute2 and, where a VM waits for it, rtnetlink.
 *
 * <p>May depend on: api, core, host.linux.
 */
@NullMarked
package dev.banger.host.bridge;

import org.jspecify.annotations.NullMarked;
