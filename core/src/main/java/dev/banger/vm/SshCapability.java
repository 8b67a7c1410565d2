package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.SshAccess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * ssh into a VM without trust on first use (P59): the guest's host key is made here and injected, so its known_hosts is
 * true from the start; the client key is banger's own, not the user's.
 */
public final class SshCapability implements VmCapability {
    private static final String HOST_KEY = "ssh_host_ed25519_key";

    private final Path clientKey;

    /** {@code directory} holds banger's own key; it is made if it is not there. */
    public SshCapability(Path directory) {
        this.clientKey = directory.resolve("id_ed25519");
    }

    @Override
    public String name() {
        return "ssh";
    }

    @Override
    public void prepareHost(VmRecord vm) {
        ensureClientKey();
        Path key = vm.directory().resolve(HOST_KEY);
        if (!Files.exists(key) || !Files.exists(knownHosts(vm))) {
            SshKeys.Pair pair = SshKeys.generate("banger " + vm.name());
            write(knownHosts(vm), alias(vm) + " " + pair.publicLine() + "\n");
            write(vm.directory().resolve(HOST_KEY + ".pub"), pair.publicLine() + "\n");
            write(key, pair.privateKey());
            keepNames(vm.directory());
        }
    }

    /** What is flushed still has to be found after a power cut. */
    private static void keepNames(Path directory) {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot write out " + directory + ": " + e, e);
        }
    }

    @Override
    public void contribute(VmRecord vm, Identity.Builder identity) {
        Path key = vm.directory().resolve(HOST_KEY);
        identity.hostKey(
                read(key), read(vm.directory().resolve(HOST_KEY + ".pub")).strip());
        identity.authorizedKey(read(publicClientKey()).strip());
    }

    /** How the user's ssh gets into this VM. */
    public SshAccess access(VmRecord vm) {
        return new SshAccess("root", clientKey.toString(), knownHosts(vm).toString(), alias(vm), vm.id());
    }

    private static Path knownHosts(VmRecord vm) {
        return vm.directory().resolve("known_hosts");
    }

    private static String alias(VmRecord vm) {
        return "banger-" + vm.id();
    }

    private Path publicClientKey() {
        return clientKey.resolveSibling("id_ed25519.pub");
    }

    private synchronized void ensureClientKey() {
        if (!Files.exists(clientKey)) {
            SshKeys.Pair pair = SshKeys.generate("banger");
            write(publicClientKey(), pair.publicLine() + "\n");
            write(clientKey, pair.privateKey());
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new BangerException(ErrorCode.DATA_CORRUPT, "cannot read the ssh key " + file + ": " + e, e);
        }
    }

    /** Writes a private file whole or not at all. */
    private static void write(Path file, String text) {
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.deleteIfExists(temporary);
            Files.createFile(
                    temporary, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
                channel.force(true); // a rename alone may survive a power cut that the bytes do not
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot write " + file + ": " + e, e);
        }
    }
}
