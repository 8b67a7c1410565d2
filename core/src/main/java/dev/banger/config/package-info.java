/**
 * Where banger keeps its files and how it is configured.
 *
 * <p>May depend on: api.
 */
@NullMarked
package dev.banger.config;

import org.jspecify.annotations.NullMarked;
