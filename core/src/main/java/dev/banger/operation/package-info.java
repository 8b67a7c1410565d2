/**
 * Long work: operations with progress, stages and cancel.
 *
 * <p>May depend on: api.
 */
@NullMarked
package dev.banger.operation;

import org.jspecify.annotations.NullMarked;
