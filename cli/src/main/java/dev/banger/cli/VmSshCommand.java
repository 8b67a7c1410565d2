package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.SshAccess;
import dev.banger.api.VmInfo;
import dev.banger.api.VmState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
        console()
                .become(
                        command(api().ssh(info.id()), session().client().toString(), BangerCli.guestCommand(arguments)),
                        Map.of());
        return 0;
    }

    static List<String> command(SshAccess access, String client, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of("ssh"));
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
