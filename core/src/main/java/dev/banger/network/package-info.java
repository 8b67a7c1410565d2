/**
 * The host's side of guests' networks: the bridge, its taps, what their guests may send, and the names by which they are found.
 * Knows no VM; depends on dev.banger.api alone, and reaches the host through its own ports.
 */
@NullMarked
package dev.banger.network;

import org.jspecify.annotations.NullMarked;
