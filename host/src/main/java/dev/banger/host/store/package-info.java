/**
 * Durable state: the SQLite database, {@code handles.json}, and the published images and kernels. The only user of
 * java.sql.
 *
 * <p>May depend on: api, core, host.linux.
 */
@NullMarked
package dev.banger.host.store;

import org.jspecify.annotations.NullMarked;
