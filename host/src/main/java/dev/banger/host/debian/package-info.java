/**
 * Kernels and images from Debian's packages, fetched with the host's own apt: its mirrors, proxies and keys.
 *
 * <p>May depend on: api, core's ports, host.linux.
 */
@NullMarked
package dev.banger.host.debian;

import org.jspecify.annotations.NullMarked;
