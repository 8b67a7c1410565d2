/**
 * What Linux offers to every adapter: running programs, processes, system calls (the only user of java.lang.foreign), file
 * systems and user namespaces.
 *
 * <p>May depend on: api, core's ports. Depends on no other adapter; every adapter may depend on it.
 */
@NullMarked
package dev.banger.host.linux;

import org.jspecify.annotations.NullMarked;
