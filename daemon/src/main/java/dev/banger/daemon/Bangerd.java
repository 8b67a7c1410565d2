package dev.banger.daemon;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport;
import dev.banger.api.ErrorCode;
import dev.banger.cli.ReportPrinter;
import dev.banger.config.Places;
import dev.banger.host.linux.ProcessSettings;
import dev.banger.host.linux.ServiceNotification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * bangerd's main program. It runs in the foreground until SIGTERM or a client's SHUTDOWN and then lets go of all VMs, which
 * run on. Exit status 0 after a clean end, 75 when another one holds the instance lock, 125 when it
 * could not start. With {@code --doctor} it examines the host instead and ends, with status 1 where a check failed.
 */
public final class Bangerd {
    private static final int FAILED = 125;
    /** EX_TEMPFAIL of sysexits.h: another one holds the lock; whoever started this one may try again. */
    private static final int LOCKED = 75;

    private static final Duration CLOSING = Duration.ofSeconds(30);

    private Bangerd() {}

    public static void main(String[] arguments) {
        ProcessSettings.privateUmask();
        Path tree = Path.of(System.getProperty("banger.tree", "."));
        Map<String, String> environment = System.getenv();
        try {
            if (arguments.length == 1 && arguments[0].equals("--training-run")) {
                TrainingRun.run(tree, environment);
            } else if (arguments.length > 0 && arguments[0].equals("--doctor")) {
                System.exit(doctor(tree, environment, List.of(arguments).contains("--json")));
            } else if (arguments.length == 0) {
                serve(tree, environment);
            } else {
                System.err.println("usage: bangerd (no arguments); \"banger daemon start\" runs it in the background");
                System.exit(2);
            }
        } catch (Daemon.AnotherDaemon e) {
            System.err.println("bangerd: " + e.getMessage());
            System.exit(LOCKED);
        } catch (BangerException e) {
            System.err.println("bangerd: " + e.getMessage());
            System.exit(FAILED);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            System.exit(FAILED);
        }
        // Whatever threads are left have nothing more to do: the daemon is closed.
        System.exit(0);
    }

    private static void serve(Path tree, Map<String, String> environment) throws InterruptedException {
        Places places = Places.of(environment);
        makePrivate(places.state());
        System.setProperty("banger.log", places.state().resolve("bangerd.log").toString());
        ServiceNotification manager = ServiceNotification.of(environment);
        CountDownLatch closed = new CountDownLatch(1);
        try (Daemon daemon = Daemon.open(tree, places, environment)) {
            // SIGTERM: the JVM ends when its hooks have, so this one waits until the main thread has closed the daemon.
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                daemon.requestShutdown();
                await(closed);
            }));
            manager.ready("answers on " + places.socket());
            daemon.awaitShutdownRequest();
            manager.stopping();
        } finally {
            closed.countDown();
        }
    }

    /** What {@code banger doctor} runs where no daemon of its build answers. */
    private static int doctor(Path tree, Map<String, String> environment, boolean json) {
        System.setProperty("banger.log", "/dev/null");
        DoctorReport report = new DoctorWithoutDaemon(tree, Places.of(environment), environment).examine();
        ReportPrinter.print(report, json, System.out);
        return report.failed() ? 1 : 0;
    }

    private static void await(CountDownLatch closed) {
        try {
            if (!closed.await(CLOSING.toSeconds(), TimeUnit.SECONDS)) {
                System.err.println("bangerd: closing takes too long; what is left is reconciled at the next start");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static void makePrivate(Path directory) {
        try {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED, "cannot make the directory " + directory + ": " + e, e);
        }
    }
}
