package dev.banger.daemon;

import dev.banger.api.BangerApi;
import dev.banger.api.Operation;
import dev.banger.api.OperationInfo;
import dev.banger.api.ProgressEvent;
import dev.banger.api.TemplateInfo;
import dev.banger.api.VmInfo;
import dev.banger.api.VmState;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An API that writes down what it was asked for and answers with a sample of what is due. Thread-safe. */
final class RecordingApi {
    private final List<String> calls = new CopyOnWriteArrayList<>();

    /** What was asked for, in order: {@code forkVm[dev, VmFork[name=x, count=2]]}. */
    List<String> calls() {
        return calls;
    }

    BangerApi api() {
        return (BangerApi) Proxy.newProxyInstance(
                BangerApi.class.getClassLoader(), new Class<?>[] {BangerApi.class}, (proxy, method, arguments) -> {
                    calls.add(method.getName() + (arguments == null ? "[]" : Arrays.toString(arguments)));
                    return answer(method.getReturnType());
                });
    }

    private static @Nullable Object answer(Class<?> type) {
        if (type == Operation.class) {
            return new Begun();
        }
        if (type == List.class) {
            return List.of();
        }
        if (type == VmInfo.class) {
            return vm();
        }
        return type == TemplateInfo.class ? template() : null;
    }

    private static VmInfo vm() {
        return new VmInfo(
                "0123456789ab",
                "dev",
                VmState.PAUSED,
                "qemu",
                "tcg",
                4711L,
                "127.64.0.2",
                "/state/vms/0123456789ab",
                "debian",
                "debian",
                2,
                512,
                8L << 30,
                3L << 20,
                "user",
                List.of(),
                22,
                Instant.EPOCH,
                Instant.EPOCH,
                null,
                List.of(),
                "template",
                0,
                false,
                List.of(),
                List.of(),
                0,
                0,
                null,
                false,
                null);
    }

    private static TemplateInfo template() {
        return new TemplateInfo(
                "3f2a000011112222",
                "debian",
                "debian",
                "qemu",
                "tcg",
                "max",
                2,
                512,
                96L << 20,
                "/cache/templates/3f2a000011112222",
                Instant.EPOCH,
                true);
    }

    /** An operation that is under way. */
    private record Begun() implements Operation<Object> {
        @Override
        public String id() {
            return "op-7";
        }

        @Override
        public OperationInfo info() {
            return new OperationInfo(
                    id(), "test", "it", OperationInfo.State.RUNNING, Instant.EPOCH, null, List.of(), null, null);
        }

        @Override
        public Object await(Consumer<ProgressEvent> listener) {
            throw new AssertionError("nobody waits for it");
        }

        @Override
        public void cancel() {
            throw new AssertionError("nobody cancels it");
        }
    }
}
