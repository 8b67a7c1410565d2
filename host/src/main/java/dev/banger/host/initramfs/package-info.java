/**
 * The initramfs a VM boots into: the guest agent and the modules it loads.
 *
 * <p>May depend on: api, core's ports, host.linux.
 */
@NullMarked
package dev.banger.host.initramfs;

import org.jspecify.annotations.NullMarked;
