/**
 * Kernels with their modules and initramfs, and the service that owns them.
 *
 * <p>May depend on: api, operation, config, export, image (the grammar of names).
 */
@NullMarked
package dev.banger.kernel;

import org.jspecify.annotations.NullMarked;
