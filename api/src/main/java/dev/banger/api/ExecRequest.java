package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A program to run in the guest.
 *
 * @param command program and arguments; empty: what the image is made for, or else the user's login shell
 * @param environment additions to the guest's default environment and the image's
 * @param directory working directory; null: the image's, or else the user's home
 * @param user name or uid; null: the image's, or else root
 * @param terminal the size of the pseudo-terminal to run it in; null: none
 */
@Json
public record ExecRequest(
        List<String> command,
        Map<String, String> environment,
        @Nullable String directory,
        @Nullable String user,
        @Nullable TerminalSize terminal) {}
