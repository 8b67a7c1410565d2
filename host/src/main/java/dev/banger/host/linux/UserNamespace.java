package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Lets programs give files any owner. Root can; another user can in a user namespace in which it is root itself and its
 * subordinate ids (/etc/subuid, /etc/subgid) are everyone else. What root owns there belongs to the user outside, so
 * banger writes such files itself; see user_namespaces(7), newuidmap(1), unshare(1).
 *
 * <p>The namespace has processes and mounts of its own: when unshare is killed, everything in it is.
 */
public final class UserNamespace {
    private static final List<String> UNSHARE = List.of(
            "unshare", "--user", "--map-root-user", "--map-auto", "--mount", "--pid", "--fork", "--kill-child", "--");

    private final ProgramRunner programs;
    private final boolean root;

    /** {@code root}: whether the caller is root already, and no namespace is needed. */
    public UserNamespace(ProgramRunner programs, boolean root) {
        this.programs = programs;
        this.root = root;
    }

    /** For the user this process runs as. */
    public static UserNamespace of(ProgramRunner programs) {
        try {
            return new UserNamespace(
                    programs, Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid")));
        } catch (IOException e) {
            throw new BangerException(ErrorCode.PRECONDITION_FAILED, "cannot read /proc/self: is /proc mounted?", e);
        }
    }

    /** What to put in front of a program's arguments; nothing for root. */
    public List<String> prefix() {
        return root ? List.of() : UNSHARE;
    }

    public boolean root() {
        return root;
    }

    /** The programs it takes, for {@link ProgramRunner#require}. */
    public List<Requirement> requirements() {
        return root
                ? List.of()
                : List.of(
                        new Requirement("unshare", "util-linux", "give files their owners without being root"),
                        new Requirement("newuidmap", "uidmap", "give files their owners without being root"));
    }

    /** Fails, with advice, where this host or user cannot have such a namespace. Call after the programs are there. */
    public void check() {
        if (root) {
            return;
        }
        String user = System.getProperty("user.name", "USER");
        if (!hasSubordinateIds("/etc/subuid", user) || !hasSubordinateIds("/etc/subgid", user)) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED,
                    "user " + user + " has no subordinate ids, which files in an image need for their owners\n"
                            + "give it some: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
                            + user);
        }
        Output tried =
                programs.attempt(Program.of(Duration.ofSeconds(20), "true").under(UNSHARE));
        if (tried.status() != 0) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED,
                    "this host does not let user " + user + " make a user namespace: "
                            + tried.stderr().strip()
                            + "\nlook at: sysctl kernel.unprivileged_userns_clone user.max_user_namespaces"
                            + " kernel.apparmor_restrict_unprivileged_userns; or build the image as root",
                    tried.stderr(),
                    null);
        }
    }

    private static boolean hasSubordinateIds(String file, String user) {
        try {
            String uid = String.valueOf(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
            return Files.readAllLines(Path.of(file)).stream()
                    .map(line -> line.split(":"))
                    .anyMatch(fields -> fields.length == 3
                            && (fields[0].equals(user) || fields[0].equals(uid))
                            && isAtLeast(fields[2], 65535));
        } catch (IOException e) {
            // No such file: nobody has any.
            return false;
        }
    }

    private static boolean isAtLeast(String number, long minimum) {
        return number.matches("[0-9]{1,15}") && Long.parseLong(number) >= minimum;
    }
}
