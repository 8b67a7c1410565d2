/**
 * Where banger keeps its files and how it is configured: {@link dev.banger.config.Key} is the table of all that can be, {@link
 * dev.banger.config.Configuration} what is in effect. Also what runtime bundles say.
 *
 * <p>May depend on: api.
 */
@NullMarked
package dev.banger.config;

import org.jspecify.annotations.NullMarked;
