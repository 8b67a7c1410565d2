package dev.banger.cli;

import dev.banger.api.ImageInfo;
import dev.banger.api.KernelInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * verify in a network namespace of its own (network_namespaces(7)), so that nothing of the host's network is touched: with a daemon of
 * its own, an uplink, and another namespace that stands for what is beyond it. The processes have a namespace of their own, too, and
 * end with it, however that ends.
 */
final class VerifyNamespace {
    /** RFC 5737 keeps these addresses for examples, so nobody is there. */
    private static final String SCRIPT = """
            set -eu
            client=$1
            image=$2
            kernel=$3
            shift 3
            PATH=$PATH:/usr/sbin:/sbin
            cache=${image%/images/*}
            mkdir -p "$cache/staging"
            home=$(mktemp -d "$cache/staging/verify.XXXXXX")
            end() {
                status=$?
                trap - EXIT
                "$client" daemon stop >/dev/null 2>&1 || true
                rm -rf -- "$home"
                exit "$status"
            }
            trap end EXIT
            trap 'exit 130' INT
            trap 'exit 143' TERM HUP
            # These two builds alone, as links: what else is there is for the other daemon to keep or to clear away.
            for build in "$image" "$kernel"; do
                place=$home/cache/$(basename "$(dirname "$build")")
                name=$(basename "$build")
                mkdir -p "$place"
                ln -s "$build" "$place/$name"
                ln -s "$name" "$place/${name%@*}"
            done
            export BANGER_HOME="$home" BANGER_TEMPLATES=off BANGER_POOL_SIZE=0
            # What resolves names on the host knows nothing of this network.
            export BANGER_DNS_PORT=0
            ip link set lo up
            unshare --net sleep 86400 &
            beyond=$!
            until [ "$(readlink "/proc/$beyond/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
            ip link add uplink type veth peer name beyond netns "$beyond"
            nsenter --target "$beyond" --net ip address add 192.0.2.1/30 dev beyond
            nsenter --target "$beyond" --net ip link set beyond up
            ip address add 192.0.2.2/30 dev uplink
            ip link set uplink up
            ip route add default via 192.0.2.1
            "$client" verify --host-network "$@"
            """;

    /** What a VM boots that asks for none. */
    private static final String KERNEL = "debian";

    private VerifyNamespace() {}

    /**
     * What the caller's process is to become; empty where it cannot be had: it takes root, util-linux and iproute2, and what the VM is
     * made from, since nothing can be fetched there.
     */
    static Optional<List<String>> command(Session session, String image, List<String> options) {
        Optional<String> imageBuild = session.api().images().stream()
                .filter(each -> each.name().equals(image))
                .map(ImageInfo::directory)
                .findFirst();
        Optional<String> kernelBuild = session.api().kernels().stream()
                .filter(each -> each.name().equals(KERNEL))
                .map(KernelInfo::directory)
                .findFirst();
        if (imageBuild.isEmpty()
                || kernelBuild.isEmpty()
                || !isRoot()
                || !Stream.of("unshare", "nsenter", "ip", "mktemp").allMatch(each -> has(session, each))) {
            return Optional.empty();
        }
        List<String> command = new ArrayList<>(List.of(
                "unshare",
                "--net",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "sh",
                "-c",
                SCRIPT,
                "verify",
                session.client().toString(),
                imageBuild.get(),
                kernelBuild.get()));
        command.addAll(options);
        return Optional.of(command);
    }

    /** The daemon is the caller's own. */
    private static boolean isRoot() {
        try {
            return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean has(Session session, String program) {
        Map<String, String> environment = session.console().environment();
        String path = environment.getOrDefault("PATH", "/bin:/usr/bin") + ":/usr/sbin:/sbin";
        return Stream.of(path.split(":")).anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    }
}
