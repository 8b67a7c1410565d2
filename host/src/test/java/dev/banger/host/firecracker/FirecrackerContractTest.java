package dev.banger.host.firecracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.host.firecracker.FirecrackerApi.Request;
import dev.banger.host.firecracker.Recording.Exchange;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What banger sends, and does with the answers, against what a real Firecracker said. */
class FirecrackerContractTest {
    private static final Recording RECORDING = Recording.read();

    @TempDir
    private Path directory;

    @Test
    void everyRequestThatBangerMakesHasBeenAccepted() {
        Set<String> accepted = RECORDING.exchanges().stream()
                .filter(Exchange::accepted)
                .map(Exchange::shape)
                .collect(Collectors.toSet());

        for (Request request : Specimen.everyRequest()) {
            assertThat(accepted).as("of Firecracker " + RECORDING.version()).contains(Recording.shapeOf(request));
        }
    }

    @Test
    void whateverFirecrackerRefusesIsToldInItsOwnWords() throws Exception {
        List<Exchange> refusals =
                RECORDING.exchanges().stream().filter(each -> !each.accepted()).toList();
        assertThat(refusals).hasSizeGreaterThan(8);
        Iterator<Exchange> answers = refusals.iterator();
        try (StandIn firecracker = new StandIn(directory.resolve("api.sock"), request -> {
            Exchange next = answers.next();
            return StandIn.http(next.status(), next.answer());
        })) {
            FirecrackerApi api = new FirecrackerApi(directory.resolve("api.sock"));
            for (Exchange refusal : refusals) {
                String said = refusal.answer().replaceAll("(?s)\\{\"fault_message\":\"(.*)\"}", "$1");
                assertThatThrownBy(() -> api.ask(refusal.request()))
                        .hasMessage("Firecracker refused " + refusal.request() + ": "
                                + said.replace("\\n", "\n")
                                        .replace("\\\"", "\"")
                                        .strip());
            }
            assertThat(firecracker.requests()).hasSameSizeAs(refusals);
        }
    }
}
