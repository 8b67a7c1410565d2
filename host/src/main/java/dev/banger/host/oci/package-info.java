/**
 * Images from OCI registries and from archives of container images.
 *
 * <p>May depend on: api, core's ports, host.linux.
 */
@NullMarked
package dev.banger.host.oci;

import org.jspecify.annotations.NullMarked;
