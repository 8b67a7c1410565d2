/**
 * Images and kernels as files that can be carried elsewhere, and the catalogs that list them.
 *
 * <p>May depend on: api, operation.
 */
@NullMarked
package dev.banger.export;

import org.jspecify.annotations.NullMarked;
