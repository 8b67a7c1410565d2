package dev.banger.it;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** What can happen to a file. */
final class Damage {
    private Damage() {}

    /** Changes one bit of a byte in its midst, of a large one within the first 20 MiB. */
    static void flip(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            long at = Math.min(channel.size() / 2, 20L << 20);
            channel.read(one, at);
            one.flip();
            channel.write(ByteBuffer.wrap(new byte[] {(byte) (one.get() ^ 1)}), at);
        }
    }

    static void cut(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 2);
        }
    }
}
