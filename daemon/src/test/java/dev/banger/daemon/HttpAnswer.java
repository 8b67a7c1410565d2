package dev.banger.daemon;

import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** An answer of the REST door. HTTP/1.0, so that the end of the connection is the end of the body. */
record HttpAnswer(int status, String head, String body) {
    static HttpAnswer to(Path socket, String method, String path, String body) throws IOException {
        byte[] content = body.getBytes(StandardCharsets.UTF_8);
        String head =
                method + " " + path + " HTTP/1.0\r\nHost: banger\r\nContent-Length: " + content.length + "\r\n\r\n";
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            write(channel, head.getBytes(StandardCharsets.UTF_8));
            write(channel, content);
            String text = new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
            int end = text.indexOf("\r\n\r\n");
            if (end < 0) {
                throw new AssertionError("no answer but \"" + text + "\"");
            }
            return new HttpAnswer(
                    Integer.parseInt(text.split(" ", 3)[1]), text.substring(0, end), text.substring(end + 4));
        }
    }

    private static void write(SocketChannel channel, byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    Map<String, Object> object() {
        return Jsonb.instance().type(Object.class).map().fromJson(body);
    }

    List<Object> array() {
        return Jsonb.instance().type(Object.class).list().fromJson(body);
    }

    String field(String name) {
        return String.valueOf(object().get(name));
    }
}
