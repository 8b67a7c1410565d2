/**
 * Images from root file systems that lie on the host, as a tar, a directory or an ext4 file system.
 *
 * <p>May depend on: api, core's ports, host.linux.
 */
@NullMarked
package dev.banger.host.rootfs;

import org.jspecify.annotations.NullMarked;
