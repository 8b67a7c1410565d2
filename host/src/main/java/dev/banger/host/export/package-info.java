/**
 * Exports of images and kernels, in directories, files and on web servers, and the signed catalogs that list them.
 *
 * <p>May depend on: api, core's ports, host.linux, host.http.
 */
@NullMarked
package dev.banger.host.export;

import org.jspecify.annotations.NullMarked;
