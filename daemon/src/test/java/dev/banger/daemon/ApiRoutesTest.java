package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the routes of pausing, snapshots, forks and templates ask of the API. */
@Timeout(60)
class ApiRoutesTest {
    @TempDir
    private Path directory;

    private final RecordingApi recording = new RecordingApi();
    private HttpDoor http;
    private SocketServer server;

    @BeforeEach
    void open() throws IOException {
        http = new HttpDoor(directory.resolve("http.sock"), recording.api());
        server = SocketServer.open(directory.resolve("d.sock"), (connection, first) -> connection.close(), http::serve);
    }

    @AfterEach
    void close() {
        server.stopAccepting();
        http.close();
    }

    private HttpAnswer send(String method, String path, String body) throws IOException {
        return HttpAnswer.to(directory.resolve("d.sock"), method, path, body);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "POST | /v1/vms/dev/snapshots | {\"name\": \"clean\"} | createSnapshot[dev, clean]",
                "POST | /v1/vms/dev/snapshots | {} | createSnapshot[dev, null]",
                "POST | /v1/vms/dev/snapshots | '' | createSnapshot[dev, null]",
                "POST | /v1/vms/dev/snapshots/clean/restore | '' | restoreSnapshot[dev, clean]",
                "POST | /v1/vms/dev/fork | {\"name\": \"x\", \"count\": 2} | forkVm[dev, VmFork[name=x, count=2]]",
                "POST | /v1/images/debian/customize | {\"rootBytes\": 7} | customizeImage[debian,"
                        + " ImageCustomize[rootBytes=7, kernel=null, cpus=null, memoryMiB=null, acceleration=null, network=null]]",
                "POST | /v1/vms/dev/image | {\"name\": \"x\"} | keepImage[dev, ImageKeep[name=x, replace=false]]",
                "POST | /v1/kernels/debian/pull?suite=trixie&version=6.12.9&refresh=true | '' |"
                        + " pullKernel[KernelPull[source=debian, name=null, suite=trixie, version=6.12.9, refresh=true]]",
                "POST | /v1/kernels/build | {\"config\": \"/c\"} |"
                        + " buildKernel[KernelBuild[name=sandbox, suite=null, config=/c, refresh=false]]",
                "POST | /v1/kernels/import | {\"name\": \"x\", \"directory\": \"/k\"} |"
                        + " importKernel[KernelImport[name=x, directory=/k, replace=false]]",
                "POST | /v1/templates | {\"image\": \"mine\", \"cpus\": 4} |"
                        + " warmTemplate[TemplateWarm[image=mine, kernel=null, cpus=4, memoryMiB=null, acceleration=null, nested=false, vmm=null]]"
            })
    void longWorkIsBegunAsAnOperation(String method, String path, String body, String asked) throws IOException {
        HttpAnswer answer = send(method, path, body);

        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        assertThat(answer.head()).contains("Location: /v1/operations/op-7");
        assertThat(answer.object()).containsEntry("id", "op-7");
        assertThat(recording.calls()).containsExactly(asked);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "POST | /v1/vms/dev/pause | pauseVm[dev] | \"state\":\"paused\"",
                "POST | /v1/vms/dev/resume | resumeVm[dev] | \"name\":\"dev\"",
                "GET | /v1/vms/dev/snapshots | snapshots[dev] | []",
                "GET | /v1/kernel-versions?suite=trixie | kernelVersions[trixie] | []",
                "GET | /v1/templates | templates[] | []",
                "GET | /v1/templates/3f2a | template[3f2a] | \"current\":true"
            })
    void whatTakesAMomentIsAnsweredAtOnce(String method, String path, String asked, String answered)
            throws IOException {
        HttpAnswer answer = send(method, path, "");

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(answer.body()).contains(answered);
        assertThat(recording.calls()).containsExactly(asked);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/v1/vms/dev/snapshots/clean | deleteSnapshot[dev, clean]",
                "/v1/templates/3f2a | deleteTemplate[3f2a]"
            })
    void whatIsDeletedHasNoAnswer(String path, String asked) throws IOException {
        HttpAnswer answer = send("DELETE", path, "");

        assertThat(answer.status()).as(answer.body()).isEqualTo(204);
        assertThat(answer.body()).isEmpty();
        assertThat(recording.calls()).containsExactly(asked);
    }

    @Test
    void aFieldThatASnapshotDoesNotHaveIsRefused() throws IOException {
        assertThat(send("POST", "/v1/vms/dev/snapshots", "{\"nane\": \"clean\"}")
                        .status())
                .isEqualTo(400);
        assertThat(recording.calls()).isEmpty();
    }
}
