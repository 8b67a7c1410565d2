package dev.banger.host.debian;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.kernel.KernelSource;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The kernel of a runtime bundle, copied and laid out as one from Debian's packages is. The bundle is not written to. */
public final class BundleKernelSource implements KernelSource {
    private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};
    private static final Duration COPYING = Duration.ofMinutes(5);
    /** linux_banner in init/version.c. */
    private static final Pattern BANNER = Pattern.compile("Linux version ([0-9][^ \\x00-\\x1f]{0,100}) ");

    private final ProgramRunner programs;
    private final String source;
    private final Path kernel;
    private final Optional<Path> initrd;
    private final Optional<Path> modules;

    /**
     * @param source where it is from, for people
     * @param kernel an ELF kernel or a bzImage
     * @param initrd what is unpacked before banger's initramfs
     * @param modules {@code lib/modules/VERSION}; empty: what a boot needs is built into the kernel
     */
    public BundleKernelSource(
            ProgramRunner programs, String source, Path kernel, Optional<Path> initrd, Optional<Path> modules) {
        this.programs = programs;
        this.source = source;
        this.kernel = kernel;
        this.initrd = initrd;
        this.modules = modules;
    }

    @Override
    public String name() {
        return "bundle";
    }

    @Override
    public List<Lack> lacks() {
        return programs.lacks(List.of(KernelModules.DEPMOD, KernelModules.MKSQUASHFS));
    }

    @Override
    public Fetched fetch(Path staging, Progress progress) {
        Lack.refuse("take the bundle's kernel", lacks());
        Path work = staging.toAbsolutePath().resolve("work");
        try {
            progress.stage("copying the kernel of the bundle");
            Path vmlinux = staging.resolve("vmlinux");
            if (isElf(kernel)) {
                Files.copy(kernel, vmlinux);
            } else {
                Files.copy(kernel, staging.resolve("vmlinuz"));
                Vmlinux.unpack(staging.resolve("vmlinuz"), vmlinux);
            }
            if (initrd.isPresent()) {
                Files.copy(initrd.get(), staging.resolve("initrd"));
            }
            String version = version(vmlinux);
            progress.stage("packing the kernel's modules");
            Path tree = work.resolve("lib/modules").resolve(version);
            Files.createDirectories(tree.getParent());
            if (modules.isPresent()) {
                programs.run(Program.of(
                        COPYING,
                        "cp",
                        "-r",
                        "--preserve=mode",
                        "--",
                        moduleTree(modules.get(), version).toString(),
                        tree.toString()));
            } else {
                Files.createDirectories(tree);
            }
            index(tree, work, version);
            new KernelModules(programs, tree).layOut(staging.toAbsolutePath());
            delete(work);
            return new Fetched(version, source);
        } catch (IOException e) {
            throw DiskFailure.of("cannot lay out the kernel " + kernel + " in " + staging, staging, e);
        }
    }

    /** {@code lib/modules} stands for the version in it. */
    private static Path moduleTree(Path modules, String version) {
        Path inside = modules.resolve(version);
        return Files.isDirectory(inside) ? inside : modules;
    }

    /** With no modules at all everything is built in, whatever the lists of what is built in do not say. */
    private void index(Path tree, Path work, String version) throws IOException {
        for (String list : List.of("modules.order", "modules.builtin")) {
            if (Files.notExists(tree.resolve(list))) {
                Files.writeString(
                        tree.resolve(list), modules.isPresent() ? "" : String.join("\n", BootModules.ALL) + "\n");
            }
        }
        programs.run(Program.of(COPYING, "depmod", "-b", work.toString(), version));
    }

    private static boolean isElf(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return Arrays.equals(in.readNBytes(ELF.length), ELF);
        }
    }

    private String version(Path vmlinux) throws IOException {
        Matcher banner = BANNER.matcher(new String(Files.readAllBytes(vmlinux), StandardCharsets.ISO_8859_1));
        if (!banner.find() || banner.group(1).contains("/")) {
            throw new BangerException(
                    ErrorCode.DATA_CORRUPT, kernel + " is no Linux kernel: it does not say which version it is");
        }
        return banner.group(1);
    }

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
