/**
 * Fetching by HTTP from servers that are not trusted: bounded in time, with redirects that lead nowhere they should not. Other adapters
 * use it, as they use host.linux.
 *
 * <p>May depend on: api, host.linux.
 */
@NullMarked
package dev.banger.host.http;

import org.jspecify.annotations.NullMarked;
