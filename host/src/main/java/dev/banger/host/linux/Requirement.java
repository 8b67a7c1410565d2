package dev.banger.host.linux;

/**
 * A program or a file that some work needs.
 *
 * @param program its name, as it is looked up in PATH, or the absolute path of a file, such as a header
 * @param why for people, to follow "needed to": {@code pack the kernel's modules}
 */
public record Requirement(String program, String why) {
    /** Whether it only has to be there. */
    boolean isFile() {
        return program.startsWith("/");
    }

    /** For people: {@code program mke2fs}. */
    String what() {
        return (isFile() ? "file " : "program ") + program;
    }
}
