/**
 * What can be asked of banger: the {@link dev.banger.api.BangerApi} interface, the records it takes and gives, and the
 * errors it fails with. No logic, no I/O. The command line, the REST door and the tests all speak it.
 *
 * <p>May depend on: nothing but the JDK and the JSON annotations.
 */
@NullMarked
package dev.banger.api;

import org.jspecify.annotations.NullMarked;
