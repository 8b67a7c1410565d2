/**
 * The disks of a VM: root disks as overlays on images, and work disks.
 *
 * <p>May depend on: api, core's ports, host.linux.
 */
@NullMarked
package dev.banger.host.disk;

import org.jspecify.annotations.NullMarked;
