package dev.banger.api;

import io.avaje.jsonb.Json;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * An operation as the API shows it.
 *
 * @param id such as {@code op-7}; forgotten some time after the end, and with the daemon
 * @param kind what it does, such as {@code vm.create}
 * @param target what it is about: a name
 * @param state where it is in its life
 * @param startedAt when it began
 * @param endedAt when it ended, if it has
 * @param stages how long each part took, in order
 * @param errorCode an {@link ErrorCode} name when failed
 * @param errorMessage what failed and what to do, when failed
 */
@Json
public record OperationInfo(
        String id,
        String kind,
        String target,
        State state,
        Instant startedAt,
        @Nullable Instant endedAt,
        List<StageTiming> stages,
        @Nullable String errorCode,
        @Nullable String errorMessage) {
    /** Where an operation is in its life. */
    public enum State {
        RUNNING,
        SUCCEEDED,
        FAILED,
        CANCELLED;

        /** As it is shown: {@code succeeded}. */
        @Json.Value
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
