/**
 * The command line: a class per command, rendering and progress. It runs in the daemon, warm, on behalf of a native client
 * whose terminal it sees as a {@link dev.banger.cli.Console}.
 *
 * <p>May depend on: api.
 */
@NullMarked
package dev.banger.cli;

import org.jspecify.annotations.NullMarked;
