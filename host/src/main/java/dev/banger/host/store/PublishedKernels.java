package dev.banger.host.store;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageProgram;
import dev.banger.config.Places;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.SparseDigest;
import dev.banger.host.linux.UserNamespace;
import dev.banger.host.store.PublishedDirectories.Published;
import dev.banger.kernel.Kernel;
import dev.banger.kernel.KernelCatalog;
import dev.banger.kernel.KernelSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** Kernels as published directories. */
public final class PublishedKernels implements KernelCatalog {
    private static final String VMLINUX = "vmlinux";
    private static final String MODULES = "modules.squashfs";
    private static final String BOOT = "boot";
    /** What a bundle brings; {@link dev.banger.kernel.InitramfsAssembler} puts it first. */
    private static final String INITRD = "initrd";

    private final PublishedDirectories directories;

    public PublishedKernels(Places places) {
        directories = new PublishedDirectories(places.kernels(), places.staging(), "kernel.json");
    }

    /** Removes what a killed daemon left unfinished. Called before anything is staged. */
    public static void clearStaging(Places places, ProgramRunner programs, UserNamespace namespace) {
        PublishedDirectories.clearStaging(places.staging(), programs, namespace);
    }

    /** Removes builds that a refresh has replaced. Called when nothing boots; VMs that run hold theirs open. */
    public void removeSuperseded() {
        directories.superseded().forEach(directories::delete);
    }

    @Override
    public Optional<Kernel> find(String name) {
        return directories.find(name).map(PublishedKernels::kernel);
    }

    @Override
    public List<Kernel> all() {
        return directories.named().stream().map(PublishedKernels::kernel).toList();
    }

    @Override
    public Path stage() {
        return directories.stage();
    }

    @Override
    public Kernel publish(Path staging, String name, KernelSource.Fetched fetched) {
        try {
            SparseDigest.Digest vmlinux = SparseDigest.of(staging.resolve(VMLINUX));
            SparseDigest.Digest modules = SparseDigest.of(staging.resolve(MODULES));
            Path initrd = staging.resolve(INITRD);
            String early = Files.exists(initrd) ? SparseDigest.of(initrd).hex() : "";
            String digest = combined(vmlinux.hex() + modules.hex() + early);
            return kernel(directories.publish(
                    staging,
                    new PublishedFacts(
                            name,
                            digest,
                            fetched.source(),
                            fetched.version(),
                            false,
                            0,
                            vmlinux.dataBytes() + modules.dataBytes(),
                            Instant.now(),
                            ImageProgram.NONE)));
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot publish kernel " + name + ": " + e, e);
        }
    }

    private static String combined(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public void discard(Path staging) {
        directories.discard(staging);
    }

    @Override
    public void delete(Kernel kernel) {
        directories.find(kernel.name(), kernel.digest()).ifPresent(directories::delete);
    }

    private static Kernel kernel(Published published) {
        PublishedFacts facts = published.facts();
        Path directory = published.directory();
        return new Kernel(
                facts.name(),
                facts.version(),
                facts.digest(),
                facts.source(),
                facts.dataBytes(),
                facts.createdAt(),
                directory,
                directory.resolve(VMLINUX),
                directory.resolve(MODULES),
                directory.resolve(BOOT));
    }
}
