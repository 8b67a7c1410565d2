package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.ErrorCode;
import dev.banger.api.NatStatus;
import dev.banger.api.VmInfo;
import dev.banger.api.VmSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One run of {@code verify}: a VM's life, step by step, with the client that users have. A step that fails is told, and the next
 * one tried, unless there is no VM; however it ends, the VM is deleted.
 */
final class Verification {
    private static final int STATUS = 7;
    private static final int GATEWAY_PORT = 53;
    private static final String GUEST_SECONDS = "10";
    /** The kernel takes a VMM's memory apart after it has ended. */
    private static final Duration SETTLE = Duration.ofSeconds(5);

    private static final Duration LOOK = Duration.ofMillis(50);
    private static final Pattern TAP = Pattern.compile("\"tap\"\\s*:\\s*\"([^\"/]+)\"");
    private static final Pattern VIA = Pattern.compile("^default via ([0-9.]+)(?: |$)");

    /** What the guest is to reach. */
    record Target(String address, int port) {
        private static final Pattern FORM = Pattern.compile("([0-9]{1,3}(?:\\.[0-9]{1,3}){3}):([0-9]{1,5})");

        static Target parse(String text) {
            Matcher form = FORM.matcher(text);
            if (!form.matches() || Integer.parseInt(form.group(2)) > 65535 || Integer.parseInt(form.group(2)) < 1) {
                throw BangerException.invalid(
                        "--reach takes an IPv4 address and a port, such as 192.0.2.1:443, not \"" + text + "\"");
            }
            return new Target(form.group(1), Integer.parseInt(form.group(2)));
        }
    }

    /** What is tried; null: what a VM has by itself, and the gateway. */
    record Wish(
            @Nullable String image,
            @Nullable String vmm,
            boolean nat,
            @Nullable Target reach) {
        private List<String> options() {
            List<String> options = new ArrayList<>();
            if (image != null) {
                options.addAll(List.of("--image", image));
            }
            if (vmm != null) {
                options.addAll(List.of("--vmm", vmm));
            }
            if (nat) {
                options.addAll(List.of("--network", "bridge", "--nat"));
            }
            return options;
        }
    }

    private final Session session;
    private final ClientProcess process;
    private final ThrowawayVms vms;
    private final String name;
    private final Wish wish;
    private final Consumer<Check> told;
    private final List<Check> checks = new ArrayList<>();

    /** {@code told} gets each step's result when it has ended. */
    Verification(Session session, ClientProcess process, String name, Wish wish, Consumer<Check> told) {
        this.session = session;
        this.process = process;
        this.name = name;
        this.wish = wish;
        this.told = told;
        vms = new ThrowawayVms(session, process, name, new ThrowawayVms.Make(wish.vmm(), null, null));
    }

    DoctorReport run() {
        try {
            if (step("boot", "\"banger doctor\" says what this host lacks", this::boot)) {
                VmInfo vm = session.api().vm(name);
                Optional<String> tap = tap(vm);
                use();
                if (wish.nat()) {
                    nat();
                }
                step("delete", "banger vm delete " + name, () -> {
                    succeeds("vm", "delete", "-q", name);
                    return "gone";
                });
                step("nothing is left", "\"banger doctor\"; please report it", () -> nothingIsLeft(vm, tap));
            }
        } finally {
            vms.deleteAll();
        }
        return new DoctorReport(List.copyOf(checks));
    }

    private void use() {
        String logs = "banger vm logs " + name;
        step("agent", logs, () -> {
            long seconds = session.api().stats(name).uptimeMillis() / 1000;
            return "answers; the guest has been up for " + seconds + " s";
        });
        step("exec", logs, () -> {
            is("its hostname", name, succeeds("vm", "exec", name, "--", "hostname"));
            return "a command runs, and the guest has its name";
        });
        step("exit status", logs, () -> {
            int status = client("vm", "exec", name, "--", "sh", "-c", "exit " + STATUS)
                    .status();
            is("the exit status of \"exit " + STATUS + "\"", "" + STATUS, "" + status);
            return "a command's status is the client's";
        });
        step("ssh", "\"banger vm ssh " + name + "\" says more with -- -v", () -> {
            is("what ssh printed", name, succeeds("vm", "ssh", name, "--", "hostname"));
            return "your own ssh gets in";
        });
    }

    private void nat() {
        Check[] unknown = new Check[1];
        Target[] target = new Target[1];
        step("NAT rules", "banger internal nat status " + name, () -> {
            NatStatus status = session.api().natStatus(name);
            if (status.uplink() == null) {
                throw failed("the host has no default route, so there is nowhere to go");
            }
            if (!status.nat() || !status.rulesInPlace()) {
                throw failed("the rules are not in place");
            }
            target[0] = wish.reach() != null ? wish.reach() : gateway(status.uplink());
            if (target[0] == null) {
                unknown[0] = new Check(
                        Status.WARN,
                        "NAT",
                        "not tried: the route by " + status.uplink() + " has no gateway",
                        "say what is to be reached: --reach ADDRESS:PORT");
            }
            return "in place, out by " + status.uplink();
        });
        if (unknown[0] != null) {
            tell(unknown[0]);
        }
        Target reached = target[0];
        if (reached == null) {
            return;
        }
        String where = reached.address() + ":" + reached.port();
        step("NAT", "is " + where + " reached from the host? Name something that is with --reach", () -> {
            if (!answers(reached)) {
                throw failed("the guest does not reach " + where + ": no answer within " + GUEST_SECONDS + " s");
            }
            return "the guest reaches " + where;
        });
        step("NAT off", "banger internal nat status " + name, () -> {
            VmSet off = new VmSet(null, null, null, null, null, null, false, List.of(), null);
            session.api().setVm(name, off).await(event -> {});
            if (!session.api().natStatus(name).rulesInPlace()) {
                throw failed("the rules are not what they should be");
            }
            if (answers(reached)) {
                throw failed("the guest still reaches " + where);
            }
            return "its rules are gone, and " + where + " is not reached";
        });
    }

    /** Also a refusal is an answer: it came from there. */
    private boolean answers(Target target) {
        ClientProcess.Ended ended = client(
                "vm",
                "exec",
                name,
                "--",
                "timeout",
                GUEST_SECONDS,
                "bash",
                "-c",
                "exec 3<>/dev/tcp/" + target.address() + "/" + target.port());
        return ended.status() == 0 || ended.said().toLowerCase(Locale.ROOT).contains("connection refused");
    }

    private @Nullable Target gateway(String uplink) {
        return process.end(List.of("ip", "-4", "route", "show", "default", "dev", uplink))
                .out()
                .lines()
                .map(VIA::matcher)
                .filter(Matcher::find)
                .map(via -> new Target(via.group(1), GATEWAY_PORT))
                .findFirst()
                .orElse(null);
    }

    private String boot() {
        List<String> command = new ArrayList<>(List.of("vm", "create", "-q", "--cold", "--name", name));
        command.addAll(wish.options());
        succeeds(command.toArray(String[]::new));
        VmInfo vm = session.api().vm(name);
        return vm.vmm() + " with " + vm.acceleration() + " at network " + vm.network();
    }

    /** What the VM's own record of this boot says; a VM in user mode has none. */
    private static Optional<String> tap(VmInfo vm) {
        try {
            Matcher tap = TAP.matcher(Files.readString(Path.of(vm.directory(), "handles.json")));
            return tap.find() ? Optional.of(tap.group(1)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private String nothingIsLeft(VmInfo vm, Optional<String> tap) {
        long deadline = System.nanoTime() + SETTLE.toNanos();
        List<String> left = left(vm, tap);
        while (!left.isEmpty()
                && System.nanoTime() < deadline
                && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(LOOK.toNanos());
            left = left(vm, tap);
        }
        if (!left.isEmpty()) {
            throw failed("left: " + String.join(", ", left));
        }
        return "no process, file" + (tap.isPresent() ? ", tap" : "") + " or row";
    }

    private List<String> left(VmInfo vm, Optional<String> tap) {
        List<String> left = new ArrayList<>();
        if (session.api().vms().stream().anyMatch(each -> each.id().equals(vm.id()))) {
            left.add("the VM");
        }
        if (Files.exists(Path.of(vm.directory()))) {
            left.add(vm.directory());
        }
        if (vm.pid() != null && Files.exists(Path.of("/proc", "" + vm.pid()))) {
            left.add("process " + vm.pid());
        }
        // A tap whose VM is gone may wait in the pool for the next one: then nothing is plugged into it.
        tap.filter(Verification::isPluggedIn).ifPresent(link -> left.add("tap " + link + ", in use"));
        return left;
    }

    private static boolean isPluggedIn(String tap) {
        try {
            return Files.readString(Path.of("/sys/class/net", tap, "carrier")).startsWith("1");
        } catch (IOException e) { // it is not there, or down
            return false;
        }
    }

    private ClientProcess.Ended client(String... arguments) {
        return process.end(vms.command(arguments));
    }

    private String succeeds(String... arguments) {
        ClientProcess.Ended ended = client(arguments);
        if (ended.status() != 0) {
            throw failed("\"banger " + String.join(" ", arguments) + "\" ended with " + ended.status()
                    + (ended.said().isEmpty() ? "" : ": " + ended.said()));
        }
        return ended.out();
    }

    private static void is(String what, String wanted, String found) {
        if (!found.equals(wanted)) {
            throw failed(what + " is \"" + found + "\", not \"" + wanted + "\"");
        }
    }

    private static BangerException failed(String why) {
        return new BangerException(ErrorCode.PRECONDITION_FAILED, why);
    }

    /** @return whether it passed */
    private boolean step(String subject, String advice, Supplier<String> body) {
        long begun = System.nanoTime();
        try {
            String found = body.get();
            tell(new Check(
                    Status.PASS,
                    subject,
                    String.format(Locale.ROOT, "%s (%.1f s)", found, (System.nanoTime() - begun) / 1e9),
                    ""));
            return true;
        } catch (BangerException e) {
            if (e.code() == ErrorCode.CANCELLED) {
                throw e;
            }
            tell(new Check(Status.FAIL, subject, String.valueOf(e.getMessage()), advice));
            return false;
        }
    }

    private void tell(Check check) {
        checks.add(check);
        told.accept(check);
    }
}
