/**
 * Names of VMs for the host's programs and for guests: a small DNS server (RFC 1035, 3596, 6891, 7766) in one thread, its
 * routing through systemd-resolved, and publishing to an external tool instead. Wire format by dnsjava.
 *
 * <p>May depend on: api, core, host.linux.
 */
@NullMarked
package dev.banger.host.dns;

import org.jspecify.annotations.NullMarked;
