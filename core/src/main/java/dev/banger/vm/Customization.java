package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import dev.banger.api.ImageCustomize;
import dev.banger.api.ImageKeep;
import dev.banger.api.StopMode;
import dev.banger.api.VmCreate;
import dev.banger.api.VmState;
import dev.banger.api.WaitFor;
import dev.banger.image.Image;
import dev.banger.image.ImageService;
import dev.banger.image.RootfsBuilder;
import dev.banger.operation.NamedLocks;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes images in VMs. Such a VM boots, so that nothing of another machine's memory gets into the image, from a copy of the base, which
 * becomes the new image without another copy; it has no work disk, which would hide what is put into the home directory; and it goes
 * with the command it was made for, at the latest when the next daemon starts. Thread-safe.
 */
final class Customization {
    private static final Logger LOG = LoggerFactory.getLogger(Customization.class);
    private static final Duration LOOK = Duration.ofSeconds(2);
    private static final Duration END = Duration.ofSeconds(5);
    private static final int LONGEST_COMPLAINT = 2000;
    private static final long MIB = 1 << 20;

    /**
     * Takes out what the agent has put in to make it this VM (native/agent/identity.c), and the seed by which each VM of the image would
     * begin with the same randomness. What every guest gets anew at its start is emptied and not removed: systemd takes a
     * system without a machine-id for one that starts for the first time (machine-id(5)).
     */
    private static final String ANONYMOUS = """
            set -e
            cd /
            home=/root
            if [ -f etc/passwd ]; then
                while IFS=: read -r name word uid gid comment directory shell; do
                    if [ "$uid" = 0 ]; then home=$directory; break; fi
                done <etc/passwd
            fi
            rm -f etc/ssh/ssh_host_* "$home/.ssh/authorized_keys" var/lib/systemd/random-seed var/lib/urandom/random-seed
            : >etc/machine-id
            if [ -f var/lib/dbus/machine-id ] && [ ! -L var/lib/dbus/machine-id ]; then : >var/lib/dbus/machine-id; fi
            : >etc/resolv.conf
            while IFS= read -r line; do
                case $line in 127.0.1.1*) ;; *) printf '%s\\n' "$line" ;; esac
            done <etc/hosts >etc/.hosts
            cat etc/.hosts >etc/hosts
            rm -f etc/.hosts
            echo banger >etc/hostname
            sync
            """;

    private final VmLifecycle lifecycle;
    private final VmStarter starter;
    private final VmCreation creation;
    private final LiveVms live;
    private final VmLiveness liveness;
    private final NamedLocks locks;
    private final HostSeams host;
    private final ImageService images;

    Customization(
            VmLifecycle lifecycle,
            VmStarter starter,
            VmCreation creation,
            LiveVms live,
            VmLiveness liveness,
            NamedLocks locks,
            HostSeams host,
            ImageService images) {
        this.lifecycle = lifecycle;
        this.starter = starter;
        this.creation = creation;
        this.live = live;
        this.liveness = liveness;
        this.locks = locks;
        this.host = host;
        this.images = images;
    }

    void check(String base, ImageCustomize request) {
        creation.check(vm(base, request), host.rootDisks().lacksForImages());
        Long bytes = request.rootBytes();
        if (bytes != null && (bytes <= 0 || bytes % MIB != 0)) {
            throw BangerException.invalid("an image has a file system of whole MiB, not of " + bytes + " bytes");
        }
        if (images.has(base)) {
            bytes(images.get(base), request);
        }
    }

    /** QEMU stands still when the host's disk is full, where other VMMs tell the guest, which loses what it wrote and goes on. */
    private static VmCreate vm(String base, ImageCustomize request) {
        return new VmCreate(
                null,
                base,
                request.kernel(),
                request.cpus(),
                request.memoryMiB(),
                0L,
                request.acceleration(),
                List.of(),
                true,
                true,
                null,
                true,
                WaitFor.SYSTEM,
                request.network(),
                false,
                "qemu",
                null,
                null);
    }

    private static long bytes(Image base, ImageCustomize request) {
        long bytes = request.rootBytes() == null ? base.virtualBytes() : request.rootBytes();
        if (bytes < base.virtualBytes()) {
            throw BangerException.invalid("the file system of image " + base.name() + " has "
                    + base.virtualBytes() / MIB + " MiB; it can grow but not shrink to " + bytes / MIB);
        }
        return bytes;
    }

    VmRecord begin(String base, ImageCustomize request, Progress progress) {
        VmRecord reserved = creation.reserve(vm(base, request));
        try (Rollback rollback = new Rollback()) {
            rollback.push("the VM to make an image in", () -> lifecycle.discard(reserved));
            VmRecord vm = creation.complete(reserved, false, progress);
            Image image = images.get(vm.spec().image(), vm.spec().imageDigest());
            progress.stage("copying image " + image.name());
            copyRoot(vm, image, bytes(image, request));
            vm = starter.startCreated(vm, true, WaitFor.SYSTEM, progress);
            watch(vm);
            rollback.keep();
            return vm;
        }
    }

    private void copyRoot(VmRecord created, Image image, long bytes) {
        try (var lock = locks.take(created.id())) {
            VmRecord vm = HostSeams.withNewDisks(lifecycle.existing(created.id()), DiskKind.RAW);
            host.rootDisks().whole(image, Path.of(vm.runtime().systemOverlay()), bytes);
            lifecycle.save(vm);
        }
    }

    /** Ends the VM when its VMM has stopped it for want of space on the host: whoever waits for a command in it would do so for ever. */
    private void watch(VmRecord vm) {
        RunningVm running = live.find(vm.id()).orElseThrow();
        Thread.ofPlatform().daemon().name("space for " + vm.name()).start(() -> {
            while (!running.awaitExit(LOOK)) {
                try {
                    if (running.isPaused()) {
                        endIfStuck(vm.id(), running);
                    }
                } catch (BangerException e) {
                    LOG.debug("Could not look after VM {}", vm.name(), e); // it ends, or the next look tells more
                }
            }
        });
    }

    private void endIfStuck(String id, RunningVm running) {
        try (var lock = locks.take(id)) {
            VmRecord vm = lifecycle.existing(id);
            if (vm.runtime().state() == VmState.RUNNING && running.isPaused()) {
                Path root = Path.of(vm.runtime().systemOverlay());
                String why = "the host's disk is full: nothing more could be written to " + root;
                LOG.warn("Ending VM {}: {}", vm.name(), why);
                running.kill();
                running.awaitExit(END);
                // Nothing can be recorded either before there is space again.
                Files.deleteIfExists(root);
                lifecycle.settle(vm, why);
            }
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED, "cannot delete the disk of VM " + id + ": " + e, e);
        }
    }

    Image finish(String id, ImageKeep request, Progress progress) {
        images.checkFree(request.name(), request.replace());
        VmRecord vm = lifecycle.existing(id);
        VmLifecycle.refuseUnfinished(vm);
        Path root = Path.of(vm.runtime().systemOverlay());
        if (!vm.spec().ephemeral() || vm.spec().workDiskBytes() != 0 || DiskKind.of(root) != DiskKind.RAW) {
            throw new BangerException(
                    ErrorCode.WRONG_STATE,
                    vm.name() + " was not made to become an image; \"banger image customize\" makes such VMs");
        }
        if (vm.runtime().state() != VmState.RUNNING) {
            throw new BangerException(
                    ErrorCode.WRONG_STATE,
                    vm.name() + " is " + vm.runtime().state() + ", and an image is made of a running VM");
        }
        progress.stage("taking out what is one machine's");
        makeAnonymous(vm);
        lifecycle.stop(id, StopMode.GRACEFUL, progress);
        Image base = images.get(vm.spec().image(), vm.spec().imageDigest());
        return images.add(
                request.name(),
                request.replace(),
                staging -> {
                    progress.stage("checking the file system");
                    return take(id, base, root, staging.resolve("rootfs"));
                },
                progress);
    }

    private RootfsBuilder.Built take(String id, Image base, Path root, Path rootfs) {
        try (var lock = locks.take(id)) {
            if (liveness.isAlive(id)) {
                throw new BangerException(
                        ErrorCode.WRONG_STATE, "the VM has been started again; nothing can be made of it now");
            }
            boolean hasInit = host.rootDisks().intoImage(root, rootfs);
            return new RootfsBuilder.Built("customized " + base.name(), hasInit, Files.size(rootfs), base.program());
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot read " + rootfs + ": " + e, e);
        }
    }

    private void makeAnonymous(VmRecord vm) {
        ExecRequest request =
                new ExecRequest(List.of("/bin/sh", "-c", "exec 2>&1\n" + ANONYMOUS), Map.of(), "/", null, null);
        try (ExecSession session = live.channel(vm).exec(request)) {
            session.stdin().close();
            String said = new String(session.stdout().readNBytes(LONGEST_COMPLAINT), StandardCharsets.UTF_8);
            int status = session.await();
            if (status != 0) {
                throw new BangerException(
                        ErrorCode.HOST_COMMAND_FAILED,
                        "cannot take out of the VM what made it this one (status " + status
                                + "): no image is made of it",
                        said,
                        null);
            }
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.GUEST_UNAVAILABLE, "the guest of " + vm.name() + " went away: " + e.getMessage(), e);
        }
    }
}
