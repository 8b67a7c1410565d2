/**
 * The bridge and its taps, by iproute2.
 *
 * <p>May depend on: api, core, host.linux.
 */
@NullMarked
package dev.banger.host.bridge;

import org.jspecify.annotations.NullMarked;
