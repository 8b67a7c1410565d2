package dev.banger.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;

/** A question to a person; where nobody can answer, the answer is no. */
final class Question {
    private static final int LONGEST = 100;

    private final Session session;

    Question(Session session) {
        this.session = session;
    }

    boolean ask(String question) {
        Console console = session.console();
        if (!console.stdinIsTerminal() || !console.stderrIsTerminal()) {
            return false;
        }
        session.out().raw("banger: " + question + " [y/N] ");
        StringBuilder answer = new StringBuilder();
        try {
            InputStream in = console.stdin();
            int c;
            while ((c = in.read()) >= 0 && c != '\n' && answer.length() < LONGEST) {
                answer.append((char) c);
            }
        } catch (IOException e) {
            return false;
        }
        String given = answer.toString().strip().toLowerCase(Locale.ROOT);
        return given.equals("y") || given.equals("yes");
    }
}
