/**
 * The host's side of guests' networks. {@link dev.banger.network.NameServer} makes VMs reachable by name. Bridged networks are
 * {@link dev.banger.network.HostNetwork}'s: one bridge, a pool of taps, and the firewall rules that keep guests apart and let them
 * out; {@link dev.banger.network.Links} and {@link dev.banger.network.Firewall} are its seams to the host. None of it knows more of
 * VMs than their names, addresses and the ports they are plugged into.
 *
 * <p>May depend on: api, operation.
 */
@NullMarked
package dev.banger.network;

import org.jspecify.annotations.NullMarked;
