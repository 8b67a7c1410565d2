package dev.banger.host.debian;

import dev.banger.api.BangerException;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.Requirement;
import dev.banger.kernel.KernelSource;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A kernel that lies on the host, in a runtime bundle or elsewhere, copied and laid out as one from Debian's packages is. What it is
 * made of is only read.
 */
public final class DirectoryKernelSource implements KernelSource {
    private static final Duration COPYING = Duration.ofMinutes(5);
    private static final Duration QUERY = Duration.ofMinutes(1);
    private static final Requirement MODINFO = new Requirement("modinfo", "see which kernel modules are for");

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
    public DirectoryKernelSource(
            ProgramRunner programs, String source, Path kernel, Optional<Path> initrd, Optional<Path> modules) {
        this.programs = programs;
        this.source = source;
        this.kernel = kernel;
        this.initrd = initrd;
        this.modules = modules;
    }

    @Override
    public List<Lack> lacks() {
        return programs.lacks(List.of(KernelModules.DEPMOD, KernelModules.MKSQUASHFS, MODINFO));
    }

    @Override
    public Fetched fetch(Path staging, Progress progress) {
        Lack.refuse("take the kernel " + kernel, lacks());
        Path work = staging.toAbsolutePath().resolve("work");
        try {
            progress.stage("copying the kernel");
            Path vmlinux = staging.resolve("vmlinux");
            if (KernelElf.isElf(kernel)) {
                Files.copy(kernel, vmlinux);
            } else {
                Vmlinux.unpack(kernel, vmlinux);
                Files.copy(kernel, staging.resolve("vmlinuz"));
            }
            String version = KernelElf.release(vmlinux, kernel.toString());
            if (initrd.isPresent()) {
                Files.copy(initrd.get(), staging.resolve("initrd"));
            }
            progress.stage("packing the kernel's modules");
            Path tree = work.resolve("lib/modules").resolve(version);
            Files.createDirectories(tree.getParent());
            if (modules.isPresent()) {
                Path given = moduleTree(modules.get(), version);
                checkMadeFor(given, version);
                programs.run(
                        Program.of(COPYING, "cp", "-r", "--preserve=mode", "--", given.toString(), tree.toString()));
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

    /** Modules say which kernel they are for; those of another one would be refused when a VM has booted halfway. */
    private void checkMadeFor(Path tree, String version) throws IOException {
        try (Stream<Path> files = Files.walk(tree)) {
            Optional<Path> one = files.filter(file -> file.toString().matches(".*\\.ko(\\.(xz|zst|gz))?"))
                    .filter(Files::isRegularFile)
                    .findFirst();
            if (one.isEmpty() && Files.notExists(tree.resolve("modules.builtin"))) {
                throw BangerException.invalid(tree + " is no directory of modules: there are none in it");
            }
            if (one.isPresent()) {
                String magic = programs.run(Program.of(
                                QUERY, "modinfo", "-F", "vermagic", one.get().toString()))
                        .text()
                        .strip();
                if (!magic.startsWith(version + " ")) {
                    throw BangerException.invalid("the modules in " + tree + " are for kernel " + magic.split(" ", 2)[0]
                            + ", and " + kernel + " is " + version);
                }
            }
        }
    }

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
