package dev.banger.cli;

import dev.banger.api.BangerApi;
import dev.banger.api.BangerException;
import dev.banger.api.DaemonInfo;
import dev.banger.api.DoctorReport;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import dev.banger.api.GuestConnection;
import dev.banger.api.ImageBuild;
import dev.banger.api.ImageInfo;
import dev.banger.api.KernelInfo;
import dev.banger.api.LogKind;
import dev.banger.api.Operation;
import dev.banger.api.OperationInfo;
import dev.banger.api.ProgressEvent;
import dev.banger.api.SshAccess;
import dev.banger.api.StopMode;
import dev.banger.api.TerminalSize;
import dev.banger.api.VmCreate;
import dev.banger.api.VmInfo;
import dev.banger.api.VmSet;
import dev.banger.api.VmState;
import dev.banger.api.VmStats;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An API in memory: VMs are entries of a map, programs print a text and end with a status. */
final class FakeBanger implements BangerApi {
    final Map<String, VmInfo> vms = new LinkedHashMap<>();
    final List<String> calls = new ArrayList<>();
    final List<ExecRequest> execs = new ArrayList<>();
    final List<VmCreate> creates = new ArrayList<>();
    String output = "";
    String log = "";
    int status;

    @Nullable
    ErrorCode execFailure;

    FakeBanger vm(String name, VmState state) {
        vms.put(name, info(name, state));
        return this;
    }

    static VmInfo info(String name, VmState state) {
        return new VmInfo(
                "0123456789ab",
                name,
                state,
                "qemu",
                "tcg",
                state == VmState.RUNNING ? 4711L : null,
                "127.64.0.2",
                "/state/vms/0123456789ab",
                "debian",
                "debian",
                2,
                512,
                8L << 30,
                1L << 20,
                "user",
                List.of(),
                22,
                Instant.EPOCH,
                null,
                null,
                List.of());
    }

    private record Done<T>(T result) implements Operation<T> {
        @Override
        public String id() {
            return "op-1";
        }

        @Override
        public OperationInfo info() {
            return new OperationInfo(
                    "op-1", "fake", "it", OperationInfo.State.SUCCEEDED, Instant.EPOCH, null, List.of(), null, null);
        }

        @Override
        public T await(Consumer<ProgressEvent> listener) {
            listener.accept(new ProgressEvent("working", 1, 2, 5, false));
            return result;
        }

        @Override
        public void cancel() {}
    }

    @Override
    public List<VmInfo> vms() {
        return List.copyOf(vms.values());
    }

    @Override
    public VmInfo vm(String ref) {
        VmInfo found = vms.get(ref);
        if (found == null) {
            found = vms.values().stream()
                    .filter(vm -> vm.id().equals(ref))
                    .findFirst()
                    .orElse(null);
        }
        if (found == null) {
            throw BangerException.notFound("there is no VM \"" + ref + "\"");
        }
        return found;
    }

    @Override
    public Operation<VmInfo> createVm(VmCreate request) {
        creates.add(request);
        String name = request.name() == null ? "calm-otter" : request.name();
        vm(name, VmState.RUNNING);
        return new Done<>(vm(name));
    }

    private Operation<VmInfo> done(String what, String ref) {
        VmInfo vm = vm(ref);
        calls.add(what + " " + ref);
        return new Done<>(vm);
    }

    @Override
    public Operation<VmInfo> startVm(String ref) {
        return done("start", ref);
    }

    @Override
    public Operation<VmInfo> stopVm(String ref, StopMode mode) {
        return done(mode == StopMode.KILL ? "kill" : "stop", ref);
    }

    @Override
    public Operation<VmInfo> restartVm(String ref) {
        return done("restart", ref);
    }

    @Override
    public Operation<VmInfo> deleteVm(String ref) {
        Operation<VmInfo> operation = done("delete", vm(ref).name());
        vms.remove(vm(ref).name());
        return operation;
    }

    @Override
    public Operation<VmInfo> setVm(String ref, VmSet request) {
        return done("set", ref);
    }

    @Override
    public Operation<List<VmInfo>> pruneVms(List<String> refs) {
        calls.add("prune " + refs.size());
        return new Done<>(List.of());
    }

    @Override
    public VmStats stats(String ref) {
        vm(ref);
        return new VmStats(ref, ref, 1000, 0.5, 1 << 20, 1 << 19, 1, 1, 1, 1, 10, 5, 6, 7);
    }

    @Override
    public ExecSession exec(String ref, ExecRequest request) {
        vm(ref);
        execs.add(request);
        if (execFailure != null) {
            throw new BangerException(execFailure, "the guest says no");
        }
        return new ExecSession() {
            @Override
            public OutputStream stdin() {
                return new ByteArrayOutputStream();
            }

            @Override
            public InputStream stdout() {
                return new ByteArrayInputStream(output.getBytes(StandardCharsets.UTF_8));
            }

            @Override
            public InputStream stderr() {
                return InputStream.nullInputStream();
            }

            @Override
            public void resize(TerminalSize size) {}

            @Override
            public void signal(int signal) {}

            @Override
            public int await() {
                return status;
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public GuestConnection connect(String ref, int port) {
        throw new BangerException(ErrorCode.GUEST_UNAVAILABLE, "refused");
    }

    @Override
    public SshAccess ssh(String ref) {
        return new SshAccess("root", "/s p/key", "/s p/known_hosts", "banger-" + ref, ref);
    }

    @Override
    public void download(String ref, String path, OutputStream tar) {
        throw BangerException.notFound("there is no " + path);
    }

    @Override
    public void upload(String ref, String directory, InputStream tar) {
        throw BangerException.notFound("there is no " + directory);
    }

    @Override
    public InputStream logs(String ref, LogKind kind, boolean follow) {
        return new ByteArrayInputStream(log.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public List<ImageInfo> images() {
        return List.of();
    }

    @Override
    public ImageInfo image(String name) {
        throw BangerException.notFound("there is no image \"" + name + "\"");
    }

    @Override
    public Operation<ImageInfo> buildImage(ImageBuild request) {
        throw new BangerException(ErrorCode.PRECONDITION_FAILED, "programs are missing", "mmdebstrap", null);
    }

    @Override
    public void deleteImage(String name) {
        throw new BangerException(ErrorCode.IN_USE, "image " + name + " is the base of dev");
    }

    @Override
    public List<KernelInfo> kernels() {
        return List.of();
    }

    @Override
    public KernelInfo kernel(String name) {
        throw new IllegalStateException("a defect");
    }

    @Override
    public Operation<KernelInfo> pullKernel(String name, boolean refresh) {
        throw BangerException.notFound("there is no kernel source \"" + name + "\"");
    }

    @Override
    public void deleteKernel(String name) {}

    @Override
    public List<OperationInfo> operations() {
        return List.of();
    }

    @Override
    public OperationInfo operation(String id) {
        throw BangerException.notFound("there is no operation " + id);
    }

    @Override
    public Operation<?> followOperation(String id) {
        throw BangerException.notFound("there is no operation " + id);
    }

    @Override
    public DaemonInfo daemon() {
        return new DaemonInfo(true, 42, "1.0", "b", "/run/s", "/state", Instant.EPOCH, 0, 0, 1);
    }

    @Override
    public void shutdownDaemon() {
        calls.add("shutdown");
    }

    @Override
    public DoctorReport doctor() {
        return new DoctorReport(
                List.of(new DoctorReport.Check(DoctorReport.Status.FAIL, "qemu", "not there", "install it")));
    }
}
