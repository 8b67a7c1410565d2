/**
 * The QEMU adapter of {@link dev.banger.vm.Vmm}: command line, QMP client, processes.
 *
 * <p>May depend on: api, core, host.linux.
 */
@NullMarked
package dev.banger.host.qemu;

import org.jspecify.annotations.NullMarked;
