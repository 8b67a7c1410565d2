/**
 * Fills ext4 file systems that mke2fs made, without root, without mounting them and without a tree on the host.
 *
 * <p>May depend on: api, host.linux.
 */
@NullMarked
package dev.banger.host.linux.ext4;

import org.jspecify.annotations.NullMarked;
