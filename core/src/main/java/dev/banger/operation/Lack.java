package dev.banger.operation;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.ErrorCode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Something that this host lacks for some work. Whoever is to do work collects all of them before it changes anything (F1).
 *
 * @param what is missing: {@code there is no program mke2fs}
 * @param why what it is needed for, to follow "to": {@code make disks}; empty where that is clear
 */
public record Lack(String what, String why, Remedy remedy) {
    /** What to do about it. */
    public sealed interface Remedy {}

    /** To install a package; {@code command} takes several. */
    public record Install(String command, String packageName) implements Remedy {}

    /** To do something else: a command, or a sentence. Empty: nothing is known. */
    public record Step(String text) implements Remedy {}

    public static final Remedy NO_REMEDY = new Step("");

    /** What, and why. */
    public String sentence() {
        return why.isEmpty() ? what : what + ", needed to " + why;
    }

    /** What to do about all of these, one a line: what can be installed is installed by one command. */
    public static List<String> advice(Collection<Lack> lacks) {
        Map<String, TreeSet<String>> packages = new LinkedHashMap<>();
        List<String> steps = new ArrayList<>();
        for (Lack lack : lacks) {
            switch (lack.remedy()) {
                case Install(String command, String name) ->
                    packages.computeIfAbsent(command, key -> new TreeSet<>()).add(name);
                case Step(String text) -> steps.add(text);
            }
        }
        List<String> all = new ArrayList<>();
        packages.forEach((command, names) -> all.add(command + " " + String.join(" ", names)));
        steps.stream().filter(step -> !step.isEmpty()).distinct().forEach(all::add);
        return all;
    }

    /** Of one alone. */
    public String advice() {
        return String.join("; ", advice(List.of(this)));
    }

    /** As a row of doctor's. */
    public Check row(Status status, String subject) {
        return new Check(status, subject, sentence(), advice());
    }

    /**
     * Does nothing where nothing is lacking.
     *
     * @param work what cannot be done, to follow "cannot": {@code start dev}
     * @throws BangerException PRECONDITION_FAILED with all of them, and what to do
     */
    public static void refuse(String work, Collection<Lack> lacks) {
        if (!lacks.isEmpty()) {
            throw refusal(work, lacks);
        }
    }

    /** What {@link #refuse} throws. */
    public static BangerException refusal(String work, Collection<Lack> lacks) {
        List<String> sentences = lacks.stream().map(Lack::sentence).distinct().toList();
        String what = sentences.size() == 1
                ? ": " + sentences.getFirst()
                : "; this host lacks what it takes:\n  " + String.join("\n  ", sentences);
        List<String> advice = advice(lacks);
        String remedy = advice.isEmpty()
                ? ""
                : "\nwhat to do:"
                        + (advice.size() == 1 ? " " + advice.getFirst() : "\n  " + String.join("\n  ", advice));
        return new BangerException(ErrorCode.PRECONDITION_FAILED, "cannot " + work + what + remedy);
    }
}
