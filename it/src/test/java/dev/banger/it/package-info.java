/**
 * What banger promises, asked of the shipped program: every test runs the native client of a built tree in a home of its
 * own, most boot VMs in software emulation. The tests see no class of banger; they read what a user reads.
 *
 * <p>Classes run in the order of their {@code @Order}, the cheap ones first. May depend on: JUnit, AssertJ, Awaitility, a JSON
 * parser.
 */
@NullMarked
package dev.banger.it;

import org.jspecify.annotations.NullMarked;
