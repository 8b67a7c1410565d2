package dev.banger.host.linux;

import java.nio.charset.StandardCharsets;

/**
 * What a program that ended has left.
 *
 * @param status its exit status; 128+n if signal n ended it
 * @param stdout the first bytes of its standard output, up to the runner's limit
 * @param truncated whether there was more
 * @param stderr the end of its standard error, up to the runner's limit
 */
public record Output(int status, byte[] stdout, boolean truncated, String stderr) {
    /** Its standard output as text, without the white space around it. */
    public String text() {
        return new String(stdout, StandardCharsets.UTF_8).strip();
    }
}
