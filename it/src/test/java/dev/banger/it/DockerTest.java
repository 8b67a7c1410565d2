package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Docker's engine in a VM of the usual image with Debian's docker.io. Nothing is fetched from a registry. The kernels are those
 * that the cache has: debian, and sandbox where the property {@code banger.it.cache} names a cache in which it was built.
 */
@Order(47)
@Timeout(900)
class DockerTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("docker");

    private static final Duration SLOW = Duration.ofMinutes(9);

    private final Banger banger = HOME.banger();
    private final Path tar = HOME.path().resolve("root.tar");

    /** And what containers have: a busybox without libraries. */
    @BeforeAll
    @Timeout(600)
    void anImageWithDocker() throws Exception {
        banger.call("image", "build", "debian", "--name", "docker", "--package", "docker.io")
                .within(SLOW)
                .run()
                .expect(0);
        Path root = HOME.path().resolve("root");
        BusyboxTest.makeRoot(root);
        Call.program("tar", "-C", root.toString(), "-cf", tar.toString(), ".")
                .run()
                .expect(0);
    }

    @AfterEach
    void deleteVms() {
        HOME.deleteVms();
    }

    static List<String> kernels() {
        return Trees.names(HOME.path().resolve("cache/kernels")).stream()
                .filter(name -> name.matches("debian|sandbox"))
                .sorted()
                .toList();
    }

    private String inVm(String line) {
        return banger.exec("d", "sh", "-c", line).within(SLOW).run().expect(0).out();
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void aContainerRunsAndReachesAnotherOneWhosePortIsPublished(String kernel) {
        banger.ok("vm", "create", "--name", "d", "--image", "docker", "--kernel", kernel, "--cold");
        banger.ok("vm", "cp", tar.toString(), "d:/root/root.tar");
        inVm("until docker info >/dev/null 2>&1; do sleep 0.3; done; docker import /root/root.tar scratch");

        assertThat(inVm("docker run --pull never --rm scratch echo it runs")).isEqualTo("it runs\n");

        inVm("docker run --pull never -d --name web -p 8080:80 -m 64m scratch httpd -f -h /etc");
        assertThat(inVm("curl -s --retry 20 --retry-delay 1 --retry-connrefused http://127.0.0.1:8080/passwd"))
                .startsWith("root:x:0:0:");
        String address =
                inVm("docker inspect -f '{{.NetworkSettings.IPAddress}}' web").strip();
        assertThat(inVm("docker run --pull never --rm scratch wget -qO- http://" + address + "/group"))
                .startsWith("root:x:0:");
        assertThat(inVm("cat /sys/fs/cgroup/system.slice/docker-*.scope/memory.max"))
                .isEqualTo("67108864\n");
        assertThat(inVm("docker info -f '{{.Driver}} {{.CgroupVersion}}'")).isEqualTo("overlay2 2\n");
    }
}
