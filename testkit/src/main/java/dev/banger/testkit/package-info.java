/**
 * What tests share: fakes of the host's side, and the conformance suites that a real adapter and its fake both pass.
 *
 * <p>May depend on: api, core, JUnit, AssertJ.
 */
@NullMarked
package dev.banger.testkit;

import org.jspecify.annotations.NullMarked;
