package dev.banger.host.linux;

/**
 * A program that some work needs.
 *
 * @param program its name, as it is looked up in PATH
 * @param why for people, to follow "needed to": {@code pack the kernel's modules}
 */
public record Requirement(String program, String why) {}
