package dev.banger.host.export;

import dev.banger.host.linux.Sha256;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** SHA-256 in hex, as documents and names of files have it. */
final class Hex256 {
    private static final Pattern GRAMMAR = Pattern.compile("[0-9a-f]{64}");

    private Hex256() {}

    static String of(byte[] bytes) {
        return of(ByteBuffer.wrap(bytes));
    }

    /** Of what remains in the buffer, whose position stays. */
    static String of(ByteBuffer bytes) {
        MessageDigest digest = Sha256.begin();
        digest.update(bytes.duplicate());
        return HexFormat.of().formatHex(digest.digest());
    }

    /** It becomes the name of a file, so nothing else is accepted. */
    static String checked(@Nullable String text) {
        if (!isOne(text)) {
            throw new BadExport("a digest that is none of SHA-256");
        }
        return String.valueOf(text);
    }

    static boolean isOne(@Nullable String text) {
        return text != null && GRAMMAR.matcher(text).matches();
    }
}
