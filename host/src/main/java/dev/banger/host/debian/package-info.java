/**
 * Kernels and images from Debian's packages, fetched with the host's own apt: its mirrors, proxies and keys; and kernels from a
 * runtime bundle, which are laid out alike.
 *
 * <p>May depend on: api, core's ports, host.linux.
 */
@NullMarked
package dev.banger.host.debian;

import org.jspecify.annotations.NullMarked;
