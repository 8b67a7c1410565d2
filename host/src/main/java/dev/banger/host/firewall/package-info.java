/**
 * The packet filter: nftables, or iptables with ebtables where there is no nftables; and ways past the filters of others.
 *
 * <p>May depend on: api, core, host.linux.
 */
@NullMarked
package dev.banger.host.firewall;

import org.jspecify.annotations.NullMarked;
