package dev.banger.frame;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A payload made of fields, read. Unknown tags are kept out of the way; a field that is too short for its type is a
 * {@link ProtocolException}. Immutable.
 *
 * <p>Strings are UTF-8; bytes that are not become replacement characters.
 */
public final class Fields {
    private record Entry(int tag, byte[] value) {}

    private final List<Entry> entries;

    private Fields(List<Entry> entries) {
        this.entries = entries;
    }

    /** Reads a payload. */
    public static Fields parse(byte[] payload) {
        List<Entry> entries = new ArrayList<>();
        ByteBuffer buffer = ByteBuffer.wrap(payload);
        while (buffer.hasRemaining()) {
            if (buffer.remaining() < 5) {
                throw new ProtocolException("a field's head is cut off");
            }
            int tag = Byte.toUnsignedInt(buffer.get());
            int length = buffer.getInt();
            if (length < 0 || length > buffer.remaining()) {
                throw new ProtocolException("field " + tag + " claims " + Integer.toUnsignedString(length) + " bytes");
            }
            byte[] value = new byte[length];
            buffer.get(value);
            entries.add(new Entry(tag, value));
        }
        return new Fields(List.copyOf(entries));
    }

    public static Builder builder() {
        return new Builder();
    }

    public Optional<byte[]> bytes(Field field) {
        return Optional.ofNullable(find(field)).map(byte[]::clone);
    }

    public Optional<String> string(Field field) {
        byte[] value = find(field);
        return value == null ? Optional.empty() : Optional.of(new String(value, StandardCharsets.UTF_8));
    }

    /** All values of a repeated field, in order. */
    public List<String> strings(Field field) {
        return entries.stream()
                .filter(entry -> entry.tag() == field.tag())
                .map(entry -> new String(entry.value(), StandardCharsets.UTF_8))
                .toList();
    }

    /** An unsigned integer of up to eight bytes, or {@code otherwise}. */
    public long number(Field field, long otherwise) {
        byte[] value = find(field);
        if (value == null) {
            return otherwise;
        }
        if (value.length == 0 || value.length > 8) {
            throw new ProtocolException("field " + field + " is no number");
        }
        long number = 0;
        for (byte part : value) {
            number = number << 8 | Byte.toUnsignedLong(part);
        }
        return number;
    }

    private byte @Nullable [] find(Field field) {
        for (Entry entry : entries) {
            if (entry.tag() == field.tag()) {
                return entry.value();
            }
        }
        return null;
    }

    /** Builds a payload; not thread-safe. */
    public static final class Builder {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        public Builder bytes(Field field, byte[] value) {
            out.write(field.tag());
            out.writeBytes(ByteBuffer.allocate(4).putInt(value.length).array());
            out.writeBytes(value);
            return this;
        }

        public Builder string(Field field, String value) {
            if (value.indexOf('\0') >= 0) {
                throw new ProtocolException("a string with a NUL byte cannot be passed on");
            }
            return bytes(field, value.getBytes(StandardCharsets.UTF_8));
        }

        /** Adds the field unless the value is null. */
        public Builder optional(Field field, @Nullable String value) {
            return value == null ? this : string(field, value);
        }

        public Builder strings(Field field, Iterable<String> values) {
            values.forEach(value -> string(field, value));
            return this;
        }

        public Builder u8(Field field, int value) {
            return bytes(field, new byte[] {(byte) value});
        }

        public Builder u16(Field field, int value) {
            return bytes(field, ByteBuffer.allocate(2).putShort((short) value).array());
        }

        public Builder u32(Field field, int value) {
            return bytes(field, ByteBuffer.allocate(4).putInt(value).array());
        }

        public Builder u64(Field field, long value) {
            return bytes(field, ByteBuffer.allocate(8).putLong(value).array());
        }

        public byte[] build() {
            return out.toByteArray();
        }
    }
}
