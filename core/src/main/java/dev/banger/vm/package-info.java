/**
 * VMs: what they are, the one place that starts, stops, supervises and deletes them, and the seams to the host that it
 * needs for that ({@link dev.banger.vm.Vmm}, {@link dev.banger.vm.RootDisks}, {@link dev.banger.vm.GuestConnector}, ...).
 *
 * <p>Files of its own (a VM's directory, keys, log tails) it reads and writes by java.nio.file; all else of the host is behind
 * the seams.
 *
 * <p>May depend on: api, operation, image, kernel, config, snapshot, network.
 */
@NullMarked
package dev.banger.vm;

import org.jspecify.annotations.NullMarked;
