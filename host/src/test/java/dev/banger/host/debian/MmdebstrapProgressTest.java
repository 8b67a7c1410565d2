package dev.banger.host.debian;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.operation.Progress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MmdebstrapProgressTest {
    @Test
    void stagesAndPackagesAreTold() {
        List<String> told = new ArrayList<>();
        MmdebstrapProgress progress = new MmdebstrapProgress(recording(told));

        """
        I: chroot architecture amd64 is equal to the host's architecture
        W: Download is performed unsandboxed as root as file /x/var/lib/apt/lists/partial couldn't be accessed by user _apt
        I: running apt-get update...
        Get:1 http://mirror.test/debian bookworm InRelease [151 kB]
        I: downloading packages with apt...
        0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.
        Get:1 http://mirror.test/debian bookworm/main amd64 libc6 amd64 2.36 [2759 kB]
        Unpacking libc6:amd64 (2.36) ...
        Setting up libc6:amd64 (2.36) ...
        I: installing remaining packages inside the chroot...
        0 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.
        Get:1 http://mirror.test/debian bookworm/main amd64 jq amd64 1.6 [1 kB]
        W: something odd
        """.lines().forEach(progress);

        assertThat(told)
                .containsExactly(
                        "reading Debian's package lists",
                        "installing Debian's base system",
                        "1/6",
                        "2/6",
                        "3/6",
                        "installing packages",
                        "1/3",
                        "warning: something odd");
    }

    private static Progress recording(List<String> told) {
        return new Progress() {
            @Override
            public void stage(String stage) {
                told.add(stage);
            }

            @Override
            public void update(long done, long total) {
                told.add(done + "/" + total);
            }

            @Override
            public void warn(String message) {
                told.add("warning: " + message);
            }
        };
    }
}
