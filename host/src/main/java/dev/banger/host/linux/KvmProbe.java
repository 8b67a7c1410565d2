package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.operation.Lack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether KVM works here, found out by running a guest: a device node alone proves little, since nested and restricted
 * hosts show one on which guests never run. banger-launch makes that guest, of a few instructions in 64-bit mode, one of
 * which a KVM that does not run guests on the CPU cannot do. Probed once; thread-safe.
 */
public final class KvmProbe {
    private static final Path DEVICE = Path.of("/dev/kvm");
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final String SPEAKER = "banger-launch: ";

    private final ProgramRunner programs;
    private final Path launcher;
    private final Path device;
    private final Duration timeout;
    private @Nullable String result;

    /** {@code launcher} is banger-launch. */
    public KvmProbe(ProgramRunner programs, Path launcher) {
        this(programs, launcher, DEVICE, TIMEOUT);
    }

    KvmProbe(ProgramRunner programs, Path launcher, Path device, Duration timeout) {
        this.programs = programs;
        this.launcher = launcher;
        this.device = device;
        this.timeout = timeout;
    }

    /** Why KVM cannot be used; empty: it can. */
    public synchronized String obstacle() {
        String known = result;
        if (known == null) {
            known = probe();
            result = known;
        }
        return known;
    }

    /** What clears the obstacle away, as far as that is known. */
    public Lack.Remedy remedy() {
        if (!Files.exists(device) || Files.isReadable(device) && Files.isWritable(device)) {
            return Lack.NO_REMEDY;
        }
        try {
            return new Lack.Step("sudo usermod -aG " + Files.getAttribute(device, "posix:group") + " "
                    + System.getProperty("user.name", "USER") + ", then log in again and run: banger daemon restart");
        } catch (IOException e) {
            return Lack.NO_REMEDY;
        }
    }

    /** Why guests cannot run VMs with KVM themselves; empty: they can. {@code modules}: /sys/module */
    public static String nestedObstacle(Path modules) {
        try {
            for (String module : List.of("kvm_intel", "kvm_amd")) {
                Path nested = modules.resolve(module).resolve("parameters/nested");
                if (Files.exists(nested)) {
                    String value = Files.readString(nested).strip();
                    return value.equals("Y") || value.equals("1")
                            ? ""
                            : module + " does not let guests run VMs (sudo modprobe -r " + module + "; sudo modprobe "
                                    + module + " nested=1)";
                }
            }
            return "neither kvm_intel nor kvm_amd is loaded, so guests cannot run VMs";
        } catch (IOException e) {
            return "it cannot be told whether guests can run VMs: " + e;
        }
    }

    private String probe() {
        if (!Files.exists(device)) {
            return "there is no " + device
                    + ": the CPU's virtualisation is off, or this is a VM without nested virtualisation";
        }
        if (!Files.isReadable(device) || !Files.isWritable(device)) {
            return device + " is not accessible to this user";
        }
        try {
            Output output = programs.attempt(Program.of(timeout, launcher.toString(), "--kvm"));
            return output.status() == 0
                    ? ""
                    : fails(output.stderr().lines().findFirst().orElse("exit status " + output.status()));
        } catch (BangerException e) {
            if (e.code() == ErrorCode.CANCELLED) {
                throw e; // no answer, so nothing to remember
            }
            return fails(String.valueOf(e.getMessage()));
        }
    }

    private String fails(String why) {
        return device + " is there, but a test guest does not run on it: "
                + (why.startsWith(SPEAKER) ? why.substring(SPEAKER.length()) : why);
    }
}
