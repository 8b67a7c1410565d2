package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport;
import dev.banger.api.ErrorCode;
import dev.banger.api.SshAccess;
import dev.banger.api.VmInfo;
import dev.banger.api.VmState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "ssh",
        description = {
            "Open an ssh session in a running VM, or run a command through one.",
            "",
            "Your own ssh runs, with banger's key and a host key known from the start; the connection goes",
            "through the VM's agent, so it works in every network mode. For scripts \"banger vm exec\" is faster.",
            ""
        },
        footer = {"", "Examples:", "  banger vm ssh dev", "  banger vm ssh dev -- hostname"})
final class VmSshCommand extends Leaf {
    private static final String PROGRAM = "ssh";

    /** The options of ssh(1) that take a value, which may be a word of its own. */
    private static final String WITH_VALUE = "BbcDEeFIiJLlmOoPpQRSWw";

    @Parameters(index = "0", paramLabel = "VM", description = "Name or id.")
    private String vm = "";

    @Parameters(
            index = "1..*",
            paramLabel = "-- ARG",
            arity = "0..*",
            description = "A command for the guest's login shell, or options for ssh before it.")
    private List<String> arguments = List.of();

    VmSshCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        VmInfo info = api().vm(vm);
        // A paused one is the daemon's to judge: one that it paused itself it also resumes.
        if (info.state() != VmState.RUNNING && info.state() != VmState.PAUSED) {
            throw new BangerException(
                    ErrorCode.WRONG_STATE,
                    info.name() + " is not running; \"banger vm start " + info.name() + "\" starts it");
        }
        requireSsh(); // before a VM that is paused is resumed for it
        console()
                .become(
                        command(api().ssh(info.id()), session().client().toString(), BangerCli.guestCommand(arguments)),
                        Map.of());
        return 0;
    }

    /** The caller's own is run, so it is the caller's PATH that has to have it (execvp(3)). */
    private void requireSsh() {
        String path = console().environment().getOrDefault("PATH", "/bin:/usr/bin");
        if (Stream.of(path.split(":")).anyMatch(directory -> Files.isExecutable(Path.of(directory, PROGRAM)))) {
            return;
        }
        String advice = api().doctor().checks().stream()
                .filter(check -> check.subject().equals(PROGRAM))
                .map(DoctorReport.Check::advice)
                .findFirst()
                .orElse("");
        throw new BangerException(
                ErrorCode.PRECONDITION_FAILED,
                "cannot open an ssh session: there is no program ssh in PATH (" + path + ")"
                        + (advice.isEmpty() ? "" : "\nwhat to do: " + advice)
                        + "\n\"banger vm exec\" and \"banger vm run\" need none");
    }

    static List<String> command(SshAccess access, String client, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(PROGRAM));
        for (String option : List.of(
                "IdentityFile=" + quotedForSsh(access.identityFile()),
                "IdentitiesOnly=yes",
                "UserKnownHostsFile=" + quotedForSsh(access.knownHostsFile()),
                "GlobalKnownHostsFile=/dev/null",
                "HostKeyAlias=" + access.hostKeyAlias(),
                "HostKeyAlgorithms=ssh-ed25519",
                "StrictHostKeyChecking=yes",
                "UpdateHostKeys=no",
                "CheckHostIP=no",
                "ForwardAgent=no",
                "ControlPath=none",
                "LogLevel=ERROR",
                "ProxyCommand=" + quotedForShell(client) + " internal tcp --wait 90 " + access.vmId() + " 22")) {
            command.add("-o");
            command.add(option);
        }
        command.add("-l");
        command.add(access.user());
        // ssh's own options come before the host, a command after it.
        int options = 0;
        while (options < arguments.size() && arguments.get(options).startsWith("-")) {
            String option = arguments.get(options);
            boolean valueFollows = option.length() == 2 && WITH_VALUE.indexOf(option.charAt(1)) >= 0;
            options = Math.min(arguments.size(), options + (valueFollows ? 2 : 1));
        }
        command.addAll(arguments.subList(0, options));
        command.add(access.hostKeyAlias());
        command.addAll(arguments.subList(options, arguments.size()));
        return command;
    }

    private static String quotedForSsh(String path) {
        return "\"" + path.replace("%", "%%") + "\"";
    }

    /** ssh gives a ProxyCommand to the user's shell, after replacing its own percent signs. */
    private static String quotedForShell(String path) {
        return "'" + path.replace("'", "'\\''").replace("%", "%%") + "'";
    }
}
