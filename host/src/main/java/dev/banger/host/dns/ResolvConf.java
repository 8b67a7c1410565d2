package dev.banger.host.dns;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The resolvers that resolv.conf(5) names, read again whenever the file has changed. Thread-safe. */
final class ResolvConf implements Supplier<List<InetSocketAddress>> {
    private static final Logger LOG = LoggerFactory.getLogger(ResolvConf.class);
    /** MAXNS of resolv.conf(5). */
    private static final int MOST = 3;

    private static final int DNS = 53;

    private final Path file;
    private @Nullable Version version;
    private List<InetSocketAddress> resolvers = List.of();

    /** Whatever differs when the file is another one or was written to. */
    private record Version(
            FileTime modified, long size, @Nullable Object key) {}

    ResolvConf(Path file) {
        this.file = file;
    }

    static ResolvConf ofHost() {
        return new ResolvConf(Path.of("/etc/resolv.conf"));
    }

    /** Empty where there is no such file, or it names none. */
    @Override
    public synchronized List<InetSocketAddress> get() {
        try {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            Version found = new Version(now.lastModifiedTime(), now.size(), now.fileKey());
            if (!found.equals(version)) {
                resolvers = parse(Files.readString(file, StandardCharsets.ISO_8859_1));
                version = found;
            }
        } catch (IOException e) {
            LOG.debug("Cannot read {}", file, e);
            resolvers = List.of();
            version = null;
        }
        return resolvers;
    }

    static List<InetSocketAddress> parse(String text) {
        return text.lines()
                .map(line -> line.strip().split("\\s+"))
                .filter(words -> words.length >= 2 && words[0].equals("nameserver"))
                .flatMap(words -> address(words[1]).stream())
                .map(address -> new InetSocketAddress(address, DNS))
                .limit(MOST)
                .toList();
    }

    private static Optional<InetAddress> address(String literal) {
        try {
            return Optional.of(InetAddress.ofLiteral(literal));
        } catch (IllegalArgumentException e) {
            LOG.debug("{} is no address of a resolver", literal, e);
            return Optional.empty();
        }
    }

    /** Those that are programs of this host: only they can know of a server on loopback. */
    Stream<InetSocketAddress> onLoopback() {
        return get().stream().filter(resolver -> resolver.getAddress().isLoopbackAddress());
    }
}
