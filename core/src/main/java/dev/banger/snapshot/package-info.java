/**
 * Saved machines: memory, devices and disks of a VM at one moment. A <em>template</em> is one without identity, from which new
 * VMs start; a <em>snapshot</em> is one of a certain VM, to which it can go back and from which forks start. This package knows
 * what they are and where they are kept; {@code dev.banger.vm} makes and restores them.
 */
@NullMarked
package dev.banger.snapshot;

import org.jspecify.annotations.NullMarked;
