package dev.banger.host.firecracker;

import dev.banger.host.linux.ProgramRelease;
import dev.banger.host.linux.ProgramRelease.Release;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.operation.Lack;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Firecracker's program: where it is, and whether its release can be used. Thread-safe. */
public final class FirecrackerProgram {
    static final String NAME = "firecracker";
    private static final String SETTING = "daemon.firecracker (BANGER_FIRECRACKER)";
    /** Before it a restored machine cannot get a tap of its own ({@code network_overrides}). */
    static final Release OLDEST = new Release(1, 12);

    static final Release NEWEST_TESTED = new Release(1, 16);
    private static final List<Path> USUAL_PLACES =
            List.of(Path.of("/usr/local/bin/firecracker"), Path.of("/opt/firecracker/firecracker"));

    private final ProgramRunner programs;
    private final ProgramRelease release;
    private final String wanted;

    /**
     * @param wanted the path of the program; empty: that in PATH, or in one of the usual places
     * @param run the directory of files that concern this boot of the host
     */
    public FirecrackerProgram(ProgramRunner programs, String wanted, Path run) {
        this.programs = programs;
        this.wanted = wanted;
        release = new ProgramRelease(programs, run.resolve("firecracker-release"));
    }

    Optional<Path> find() {
        if (!wanted.isEmpty()) {
            return Optional.of(Path.of(wanted)).filter(Files::isExecutable);
        }
        return programs.find(NAME)
                .or(() -> USUAL_PLACES.stream().filter(Files::isExecutable).findFirst());
    }

    /** Why it cannot be used; empty: it can. */
    String obstacle() {
        Optional<Path> program = find();
        if (program.isEmpty()) {
            return wanted.isEmpty()
                    ? "firecracker is not installed: not in PATH, /usr/local/bin or /opt/firecracker; " + SETTING
                            + " may name another"
                    : wanted + ", which " + SETTING + " names, is no program";
        }
        if (!program.get().getFileName().toString().startsWith(NAME)) {
            return wanted + " is not named " + NAME + ", by which its processes are found";
        }
        Optional<Release> its = release.of(program.get());
        if (its.isEmpty()) {
            return program.get() + " does not say which release it is";
        }
        return its.get().compareTo(OLDEST) < 0
                ? program.get() + " is release " + its.get() + "; " + OLDEST + " is the oldest that can be used"
                : "";
    }

    /** What makes one be here that can be used. */
    Lack.Remedy remedy() {
        return wanted.isEmpty()
                ? new Lack.Step("QEMU runs VMs as well; who wants Firecracker puts a release from"
                        + " github.com/firecracker-microvm/firecracker/releases, " + OLDEST + " to " + NEWEST_TESTED
                        + ", into /usr/local/bin")
                : new Lack.Step("name another one with " + SETTING);
    }

    /** Which release is here; empty where none is, or it does not say. */
    String releaseHere() {
        return find().flatMap(release::of).map(Release::toString).orElse("");
    }

    /** What is to be said of one that can be used all the same; empty: nothing. */
    String warning() {
        return find().flatMap(release::of)
                .filter(its -> its.compareTo(NEWEST_TESTED) > 0)
                .map(its -> "release " + its + " is newer than " + NEWEST_TESTED + ", the newest that was tested")
                .orElse("");
    }
}
