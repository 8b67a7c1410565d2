package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.operation.Lack;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The one way in which banger runs host programs that end by themselves: argv arrays, no shell, {@code LC_ALL=C}, an
 * absolute time-out, bounded output. Whatever ends a run early (time-out, interrupt) ends the program with all its
 * descendants before the caller goes on. Thread-safe.
 */
public final class ProgramRunner {
    private static final int STDOUT_LIMIT = 16 * 1024 * 1024;
    private static final int STDERR_LIMIT = 64 * 1024;
    private static final int SHOWN_LINES = 12;
    private static final Duration GRACE = Duration.ofSeconds(3);
    private static final List<String> SYSTEM_DIRECTORIES = List.of("/usr/local/sbin", "/usr/sbin", "/sbin");

    private final Map<String, String> environment;
    private final int patience;

    /** On a host as fast as others. */
    public ProgramRunner(Map<String, String> environment) {
        this(environment, 1);
    }

    /**
     * {@code environment} is what programs inherit and where PATH is taken from: the daemon's. {@code patience} is how many times
     * longer than on other hosts a program may take.
     */
    public ProgramRunner(Map<String, String> environment, int patience) {
        this.environment = Map.copyOf(environment);
        this.patience = patience;
    }

    /** How many times longer than on other hosts anything may take here; 1 unless somebody asked for more. */
    public int patience() {
        return patience;
    }

    /** Where a program is: looked up in PATH, then in the directories for administrators that a user's PATH lacks. */
    public Optional<Path> find(String name) {
        if (name.contains("/")) {
            return Optional.of(Path.of(name)).filter(Files::isExecutable);
        }
        return searchPath().stream()
                .map(directory -> Path.of(directory, name))
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .findFirst();
    }

    private List<String> searchPath() {
        Set<String> directories = new LinkedHashSet<>(List.of(
                environment.getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin").split(":")));
        directories.removeIf(directory -> !directory.startsWith("/"));
        directories.addAll(SYSTEM_DIRECTORIES);
        return List.copyOf(directories);
    }

    /** Those of these programs and files that are not here, with what installs them. */
    public List<Lack> lacks(List<Requirement> requirements) {
        return requirements.stream()
                .distinct()
                .filter(each -> each.isFile()
                        ? Files.notExists(Path.of(each.program()))
                        : find(each.program()).isEmpty())
                .map(each ->
                        new Lack("there is no " + each.what() + " on this host", each.why(), remedy(each.program())))
                .toList();
    }

    /** A sentence about a program that is not here, with what installs it. */
    public String absent(String program) {
        String advice = new Lack("", "", remedy(program)).advice();
        return "there is no program " + program + " on this host" + (advice.isEmpty() ? "" : "; to have it: " + advice);
    }

    /** What makes a program be here. */
    public Lack.Remedy remedy(String program) {
        return ProgramPackages.remedy(program, PackageInstaller.ofHost(), ProcFs.uid() == 0);
    }

    /**
     * Runs a program to its end.
     *
     * @throws BangerException HOST_COMMAND_FAILED for a status other than 0 or a program that cannot be started,
     *     RESOURCE_EXHAUSTED if it says that the disk is full, PRECONDITION_FAILED if there is no such program,
     *     TIMED_OUT, or CANCELLED when the calling thread is interrupted (its interrupt status stays set)
     */
    public Output run(Program program) {
        Output output = attempt(program);
        if (output.status() != 0) {
            throw failure(program, output);
        }
        return output;
    }

    /** As {@link #run}, but every exit status is an answer. */
    public Output attempt(Program program) {
        Process process = start(program);
        AtomicReference<@Nullable RuntimeException> followerFailure = new AtomicReference<>();
        Consumer<String> lines = oneAtATime(program.lines(), followerFailure);
        OutputCapture stdout = new OutputCapture(STDOUT_LIMIT, false, lines);
        OutputCapture stderr = new OutputCapture(STDERR_LIMIT, true, lines);
        List<Thread> pumps = List.of(
                Thread.ofPlatform().daemon().name(program.name() + "-stdout").start(() -> drain(process, stdout, true)),
                Thread.ofPlatform()
                        .daemon()
                        .name(program.name() + "-stderr")
                        .start(() -> drain(process, stderr, false)),
                Thread.ofPlatform()
                        .daemon()
                        .name(program.name() + "-stdin")
                        .start(() -> feed(process, program.stdin())));
        try {
            Duration atMost = program.timeout().multipliedBy(patience);
            if (!process.waitFor(atMost.toNanos(), TimeUnit.NANOSECONDS)) {
                kill(process);
                throw new BangerException(
                        ErrorCode.TIMED_OUT,
                        program.name() + " did not end within " + atMost.toSeconds() + " s and was killed",
                        String.join(" ", program.argv()) + "\n" + lastLines(stderr),
                        null);
            }
            awaitEnd(pumps);
        } catch (InterruptedException e) {
            kill(process);
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, program.name() + " was cancelled", e);
        } finally {
            closeStreams(process);
        }
        RuntimeException failure = followerFailure.get();
        if (failure != null) {
            throw failure;
        }
        return new Output(
                process.exitValue(),
                stdout.bytes(),
                stdout.truncated(),
                new String(stderr.bytes(), StandardCharsets.UTF_8));
    }

    private Process start(Program program) {
        if (Thread.currentThread().isInterrupted()) {
            throw new BangerException(ErrorCode.CANCELLED, program.name() + " was cancelled");
        }
        Path executable = find(program.argv().getFirst())
                .orElseThrow(() -> new BangerException(
                        ErrorCode.PRECONDITION_FAILED, absent(program.argv().getFirst())));
        List<String> argv = new ArrayList<>(program.argv());
        argv.set(0, executable.toString());
        ProcessBuilder builder = new ProcessBuilder(argv);
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.environment().put("PATH", String.join(":", searchPath()));
        builder.environment().remove("LANGUAGE");
        builder.environment().put("LC_ALL", "C");
        builder.environment().putAll(program.environment());
        program.directory().ifPresent(directory -> builder.directory(directory.toFile()));
        try {
            return builder.start();
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED, executable + " cannot be started: " + e.getMessage(), e);
        }
    }

    /** A follower that throws does not stop the program's output from being read; the first failure is kept. */
    private static Consumer<String> oneAtATime(
            Consumer<String> follower, AtomicReference<@Nullable RuntimeException> failure) {
        Object lock = new Object();
        return line -> {
            synchronized (lock) {
                if (failure.get() == null) {
                    try {
                        follower.accept(line);
                    } catch (RuntimeException e) {
                        failure.set(e);
                    }
                }
            }
        };
    }

    private static void drain(Process process, OutputCapture capture, boolean standardOutput) {
        try {
            capture.drain(standardOutput ? process.getInputStream() : process.getErrorStream());
        } catch (IOException e) {
            // The stream was closed by the end of the run: what came until then is the output.
            return;
        }
    }

    private static void feed(Process process, byte[] input) {
        try (OutputStream out = process.getOutputStream()) {
            out.write(input);
        } catch (IOException e) {
            // The program does not want more; whether that is an error its exit status says.
            return;
        }
    }

    /** A program may leave a child behind that keeps its pipes open: what it has said by then must do. */
    private static void awaitEnd(List<Thread> pumps) throws InterruptedException {
        long deadline = System.nanoTime() + GRACE.toNanos();
        for (Thread pump : pumps) {
            long left = deadline - System.nanoTime();
            if (left <= 0 || !pump.join(Duration.ofNanos(left))) {
                return;
            }
        }
    }

    /** Ends the program and everything it started: TERM, and KILL for what is still there a little later. */
    private static void kill(Process process) {
        List<ProcessHandle> all = family(process);
        all.forEach(ProcessHandle::destroy);
        boolean interrupted = awaitExits(all);
        List<ProcessHandle> left = Stream.concat(all.stream(), family(process).stream())
                .filter(ProcessHandle::isAlive)
                .distinct()
                .toList();
        left.forEach(ProcessHandle::destroyForcibly);
        interrupted |= awaitExits(left);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits for a short while; an interrupt does not end it, whether there was one is the answer. */
    private static boolean awaitExits(List<ProcessHandle> processes) {
        long deadline = System.nanoTime() + GRACE.toNanos();
        boolean interrupted = Thread.interrupted();
        for (ProcessHandle each : processes) {
            try {
                each.onExit().get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            } catch (TimeoutException | ExecutionException e) {
                // It outlives its grace; the caller looks at who is left.
                continue;
            }
        }
        return interrupted;
    }

    private static List<ProcessHandle> family(Process process) {
        return Stream.concat(process.descendants(), Stream.of(process.toHandle()))
                .toList();
    }

    private static void closeStreams(Process process) {
        try {
            process.getInputStream().close();
            process.getErrorStream().close();
        } catch (IOException e) {
            // Closing the read end of a pipe loses nothing.
            return;
        }
    }

    private static BangerException failure(Program program, Output output) {
        String said = output.stderr().isBlank() ? output.text() : output.stderr();
        String last = lastLines(said, SHOWN_LINES);
        boolean full = said.contains("No space left on device");
        return new BangerException(
                full ? ErrorCode.RESOURCE_EXHAUSTED : ErrorCode.HOST_COMMAND_FAILED,
                program.name() + (full ? " found the disk full" : " failed") + " (exit status " + output.status() + ")"
                        + (last.isEmpty() ? "" : ": " + (last.contains("\n") ? "\n" : "") + last),
                String.join(" ", program.argv()) + "\n" + said,
                null);
    }

    private static String lastLines(OutputCapture stderr) {
        return lastLines(new String(stderr.bytes(), StandardCharsets.UTF_8), SHOWN_LINES);
    }

    private static String lastLines(String text, int count) {
        List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - count), lines.size()));
    }
}
