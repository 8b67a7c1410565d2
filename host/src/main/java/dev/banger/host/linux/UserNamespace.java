package dev.banger.host.linux;

import dev.banger.operation.Lack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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

    private static final String WHY = "give files their owners without being root";

    private final ProgramRunner programs;
    private final boolean root;

    /** {@code root}: whether the caller is root already, and no namespace is needed. */
    public UserNamespace(ProgramRunner programs, boolean root) {
        this.programs = programs;
        this.root = root;
    }

    /** For the user this process runs as. */
    public static UserNamespace of(ProgramRunner programs) {
        return new UserNamespace(programs, ProcFs.uid() == 0);
    }

    /** What to put in front of a program's arguments; nothing for root. */
    public List<String> prefix() {
        return root ? List.of() : UNSHARE;
    }

    public boolean root() {
        return root;
    }

    /** What this host or user lacks for such a namespace. */
    public List<Lack> lacks() {
        if (root) {
            return List.of();
        }
        List<Lack> lacks = new ArrayList<>(
                programs.lacks(List.of(new Requirement("unshare", WHY), new Requirement("newuidmap", WHY))));
        String user = System.getProperty("user.name", "USER");
        if (!hasSubordinateIds("/etc/subuid", user) || !hasSubordinateIds("/etc/subgid", user)) {
            lacks.add(new Lack(
                    "user " + user + " has no subordinate ids",
                    WHY,
                    new Lack.Step("sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 " + user)));
        }
        return lacks.isEmpty() ? refusedNamespace(user) : lacks;
    }

    private List<Lack> refusedNamespace(String user) {
        Output tried =
                programs.attempt(Program.of(Duration.ofSeconds(20), "true").under(UNSHARE));
        return tried.status() == 0
                ? List.of()
                : List.of(new Lack(
                        "this host does not let user " + user + " make a user namespace: "
                                + tried.stderr().strip(),
                        WHY,
                        new Lack.Step("look at: sysctl kernel.unprivileged_userns_clone user.max_user_namespaces"
                                + " kernel.apparmor_restrict_unprivileged_userns; or do it as root")));
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
