/**
 * The host's side of networking: seams that make VMs reachable, by name for now.
 *
 * <p>May depend on: api.
 */
@NullMarked
package dev.banger.network;

import org.jspecify.annotations.NullMarked;
