/**
 * What banger promises, asked of the shipped program: every test runs the native client of a built tree in a home of its
 * own, most boot VMs in software emulation. The tests see no class of banger; they read what a user reads.
 *
 * <p>Classes run two at a time, begun in the order of their {@code @Order}; what only one may have at a time is a resource lock,
 * and those that look at the whole machine come alone, last. May depend on: JUnit, AssertJ, Awaitility, a JSON parser.
 */
@NullMarked
package dev.banger.it;

import org.jspecify.annotations.NullMarked;
