/**
 * Images: root file systems that VMs share, and the service that owns them.
 *
 * <p>May depend on: api, operation, config, export.
 */
@NullMarked
package dev.banger.image;

import org.jspecify.annotations.NullMarked;
