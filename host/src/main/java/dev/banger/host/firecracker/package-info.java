/**
 * The Firecracker adapter of {@link dev.banger.vm.Vmm}: the client of its API, what a VM is in it, processes.
 *
 * <p>May depend on: api, core, host.linux.
 */
@NullMarked
package dev.banger.host.firecracker;

import org.jspecify.annotations.NullMarked;
