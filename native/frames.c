#include "frames.h"

#include <string.h>

uint16_t frame_get_u16(const uint8_t *at)
{
    return (uint16_t) ((uint32_t) at[0] << 8 | at[1]);
}

uint32_t frame_get_u32(const uint8_t *at)
{
    return (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 | at[3];
}

uint64_t frame_get_u64(const uint8_t *at)
{
    return (uint64_t) frame_get_u32(at) << 32 | frame_get_u32(at + 4);
}

void frame_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t) (value >> 8);
    at[1] = (uint8_t) value;
}

void frame_put_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t) (value >> 24);
    at[1] = (uint8_t) (value >> 16);
    at[2] = (uint8_t) (value >> 8);
    at[3] = (uint8_t) value;
}

void frame_put_u64(uint8_t *at, uint64_t value)
{
    frame_put_u32(at, (uint32_t) (value >> 32));
    frame_put_u32(at + 4, (uint32_t) value);
}

static const char *const type_names[] = {
    [FRAME_HELLO] = "HELLO",
    [FRAME_COMMAND] = "COMMAND",
    [FRAME_EXEC] = "EXEC",
    [FRAME_CONNECT] = "CONNECT",
    [FRAME_GET] = "GET",
    [FRAME_PUT] = "PUT",
    [FRAME_IDENTITY] = "IDENTITY",
    [FRAME_STATS] = "STATS",
    [FRAME_SYNC] = "SYNC",
    [FRAME_POWEROFF] = "POWEROFF",
    [FRAME_STARTED] = "STARTED",
    [FRAME_REPLY] = "REPLY",
    [FRAME_STDIN] = "STDIN",
    [FRAME_STDOUT] = "STDOUT",
    [FRAME_STDERR] = "STDERR",
    [FRAME_WINDOW_CREDIT] = "WINDOW",
    [FRAME_RESIZE] = "RESIZE",
    [FRAME_SIGNAL] = "SIGNAL",
    [FRAME_EXIT] = "EXIT",
    [FRAME_ERROR] = "ERROR",
    [FRAME_CLOSE] = "CLOSE",
    [FRAME_TERMINAL] = "TERMINAL",
    [FRAME_BECOME] = "BECOME",
    [FRAME_SHUTDOWN] = "SHUTDOWN",
    [FRAME_EVENT] = "EVENT",
};

bool frame_type_known(unsigned type)
{
    return type < sizeof type_names / sizeof type_names[0] && type_names[type] != NULL;
}

const char *frame_type_name(unsigned type)
{
    return frame_type_known(type) ? type_names[type] : "?";
}

bool frame_type_is_data(unsigned type)
{
    return type == FRAME_STDIN || type == FRAME_STDOUT || type == FRAME_STDERR;
}

/* The exact payload length of the types that have one, or FRAME_MAX_PAYLOAD + 1 for the others. */
static uint32_t exact_length(unsigned type)
{
    switch (type) {
    case FRAME_WINDOW_CREDIT:
    case FRAME_RESIZE:
    case FRAME_EXIT:
        return 4;
    case FRAME_SIGNAL:
    case FRAME_TERMINAL:
        return 1;
    case FRAME_SYNC:
    case FRAME_STATS:
    case FRAME_CLOSE:
    case FRAME_SHUTDOWN:
        return 0;
    default:
        return FRAME_MAX_PAYLOAD + 1;
    }
}

void frame_parser_init(struct frame_parser *parser, uint8_t *buffer, size_t capacity)
{
    parser->buffer = buffer;
    parser->capacity = capacity;
    frame_parser_reset(parser);
}

void frame_parser_reset(struct frame_parser *parser)
{
    parser->start = 0;
    parser->end = 0;
    parser->error = NULL;
}

size_t frame_parser_space(struct frame_parser *parser, uint8_t **at)
{
    if (parser->start == parser->end) {
        parser->start = 0;
        parser->end = 0;
    } else if (parser->start > 0 && parser->capacity - parser->end < FRAME_HEADER + FRAME_MAX_DATA) {
        /* Moving only when the tail runs short keeps the copying to less than one byte for each byte received. */
        memmove(parser->buffer, parser->buffer + parser->start, parser->end - parser->start);
        parser->end -= parser->start;
        parser->start = 0;
    }
    *at = parser->buffer + parser->end;
    return parser->capacity - parser->end;
}

void frame_parser_filled(struct frame_parser *parser, size_t count)
{
    const size_t space = parser->capacity - parser->end;
    parser->end += count <= space ? count : space;
}

size_t frame_parser_feed(struct frame_parser *parser, const void *bytes, size_t count)
{
    uint8_t *at;
    const size_t space = frame_parser_space(parser, &at);
    const size_t taken = count < space ? count : space;
    if (taken > 0) {
        memcpy(at, bytes, taken);
        frame_parser_filled(parser, taken);
    }
    return taken;
}

static enum frame_result broken(struct frame_parser *parser, const char *why)
{
    parser->error = why;
    return FRAME_BROKEN;
}

enum frame_result frame_parser_next(struct frame_parser *parser, struct frame *frame)
{
    if (parser->error != NULL) {
        return FRAME_BROKEN;
    }
    while (parser->start < parser->end && parser->buffer[parser->start] == 0) {
        parser->start++;
    }
    const size_t pending = parser->end - parser->start;
    const uint8_t *head = parser->buffer + parser->start;
    /* What is wrong already in a part of a header is said at once: the rest may never come. */
    if (pending >= 1 && !frame_type_known(head[0])) {
        return broken(parser, "unknown frame type");
    }
    if (pending >= 2 && head[1] != 0) {
        return broken(parser, "frame flags are not 0");
    }
    if (pending < FRAME_HEADER) {
        return FRAME_INCOMPLETE;
    }
    const unsigned type = head[0];
    const uint32_t length = frame_get_u32(head + 4);
    const uint32_t exact = exact_length(type);
    if (length > FRAME_MAX_PAYLOAD) {
        return broken(parser, "frame longer than 262144 bytes");
    }
    if (frame_type_is_data(type) && length > FRAME_MAX_DATA) {
        return broken(parser, "data frame longer than 32768 bytes");
    }
    if (exact <= FRAME_MAX_PAYLOAD && length != exact) {
        return broken(parser, "frame of a wrong length for its type");
    }
    if (length > parser->capacity - FRAME_HEADER) {
        return broken(parser, "frame longer than this receiver takes");
    }
    if (pending - FRAME_HEADER < length) {
        return FRAME_INCOMPLETE;
    }
    frame->type = (uint8_t) type;
    frame->channel = frame_get_u16(head + 2);
    frame->length = length;
    frame->payload = head + FRAME_HEADER;
    parser->start += FRAME_HEADER + length;
    return FRAME_TAKEN;
}

void frame_parser_skip_byte(struct frame_parser *parser)
{
    if (parser->start < parser->end) {
        parser->start++;
    }
    parser->error = NULL;
}

size_t frame_parser_pending(const struct frame_parser *parser)
{
    return parser->end - parser->start;
}

/* ---- fields ---- */

#define FIELD_HEADER 5u

void field_reader_init(struct field_reader *reader, const uint8_t *payload, size_t length)
{
    reader->at = payload;
    reader->end = length == 0 ? payload : payload + length;
    reader->broken = false;
}

bool field_next(struct field_reader *reader, struct field *field)
{
    if (reader->broken || reader->at == reader->end) {
        return false;
    }
    const size_t left = (size_t) (reader->end - reader->at);
    if (left < FIELD_HEADER || reader->at[0] == 0) {
        reader->broken = true;
        return false;
    }
    const uint32_t length = frame_get_u32(reader->at + 1);
    if (length > left - FIELD_HEADER) {
        reader->broken = true;
        return false;
    }
    field->tag = reader->at[0];
    field->length = length;
    field->value = reader->at + FIELD_HEADER;
    reader->at += FIELD_HEADER + length;
    return true;
}

bool fields_well_formed(const uint8_t *payload, size_t length)
{
    struct field_reader reader;
    struct field field;
    field_reader_init(&reader, payload, length);
    while (field_next(&reader, &field)) {
    }
    return !reader.broken;
}

bool field_find(const uint8_t *payload, size_t length, unsigned tag, struct field *field)
{
    struct field_reader reader;
    field_reader_init(&reader, payload, length);
    while (field_next(&reader, field)) {
        if (field->tag == tag) {
            return true;
        }
    }
    return false;
}

bool field_u8(const struct field *field, uint8_t *value)
{
    if (field->length != 1) {
        return false;
    }
    *value = field->value[0];
    return true;
}

bool field_u16(const struct field *field, uint16_t *value)
{
    if (field->length != 2) {
        return false;
    }
    *value = frame_get_u16(field->value);
    return true;
}

bool field_u32(const struct field *field, uint32_t *value)
{
    if (field->length != 4) {
        return false;
    }
    *value = frame_get_u32(field->value);
    return true;
}

bool field_u64(const struct field *field, uint64_t *value)
{
    if (field->length != 8) {
        return false;
    }
    *value = frame_get_u64(field->value);
    return true;
}

bool field_string(const struct field *field, char *out, size_t capacity)
{
    out[0] = 0;
    if (field->length >= capacity || memchr(field->value, 0, field->length) != NULL) {
        return false;
    }
    memcpy(out, field->value, field->length);
    out[field->length] = 0;
    return true;
}

bool field_is(const struct field *field, const char *text)
{
    return field->length == strlen(text) && memcmp(field->value, text, field->length) == 0;
}

/* ---- writing ---- */

void frame_header(uint8_t out[FRAME_HEADER], enum frame_type type, uint16_t channel, uint32_t length)
{
    out[0] = (uint8_t) type;
    out[1] = 0;
    frame_put_u16(out + 2, channel);
    frame_put_u32(out + 4, length);
}

void frame_writer_init(struct frame_writer *writer, uint8_t *buffer, size_t capacity)
{
    writer->buffer = buffer;
    writer->capacity = capacity;
    writer->length = 0;
    writer->at = 0;
    writer->overflow = false;
}

void frame_begin(struct frame_writer *writer, enum frame_type type, uint16_t channel)
{
    writer->overflow = writer->capacity - writer->length < FRAME_HEADER;
    writer->at = writer->length;
    if (!writer->overflow) {
        frame_header(writer->buffer + writer->at, type, channel, 0);
        writer->at += FRAME_HEADER;
    }
}

void frame_bytes(struct frame_writer *writer, const void *bytes, size_t count)
{
    if (writer->overflow || count > writer->capacity - writer->at) {
        writer->overflow = true;
        return;
    }
    if (count > 0) {
        memcpy(writer->buffer + writer->at, bytes, count);
        writer->at += count;
    }
}

void frame_u8(struct frame_writer *writer, uint8_t value)
{
    frame_bytes(writer, &value, 1);
}

void frame_u16(struct frame_writer *writer, uint16_t value)
{
    uint8_t bytes[2];
    frame_put_u16(bytes, value);
    frame_bytes(writer, bytes, sizeof bytes);
}

void frame_u32(struct frame_writer *writer, uint32_t value)
{
    uint8_t bytes[4];
    frame_put_u32(bytes, value);
    frame_bytes(writer, bytes, sizeof bytes);
}

void frame_field(struct frame_writer *writer, enum field_tag tag, const void *bytes, size_t count)
{
    if (count > FRAME_MAX_PAYLOAD) {
        writer->overflow = true;
        return;
    }
    frame_u8(writer, (uint8_t) tag);
    frame_u32(writer, (uint32_t) count);
    frame_bytes(writer, bytes, count);
}

void frame_field_string(struct frame_writer *writer, enum field_tag tag, const char *text)
{
    frame_field(writer, tag, text, strlen(text));
}

void frame_field_u8(struct frame_writer *writer, enum field_tag tag, uint8_t value)
{
    frame_field(writer, tag, &value, 1);
}

void frame_field_u16(struct frame_writer *writer, enum field_tag tag, uint16_t value)
{
    uint8_t bytes[2];
    frame_put_u16(bytes, value);
    frame_field(writer, tag, bytes, sizeof bytes);
}

void frame_field_u32(struct frame_writer *writer, enum field_tag tag, uint32_t value)
{
    uint8_t bytes[4];
    frame_put_u32(bytes, value);
    frame_field(writer, tag, bytes, sizeof bytes);
}

void frame_field_u64(struct frame_writer *writer, enum field_tag tag, uint64_t value)
{
    uint8_t bytes[8];
    frame_put_u64(bytes, value);
    frame_field(writer, tag, bytes, sizeof bytes);
}

bool frame_end(struct frame_writer *writer)
{
    const bool overflow = writer->overflow;
    writer->overflow = false;
    if (overflow || writer->at - writer->length - FRAME_HEADER > FRAME_MAX_PAYLOAD) {
        writer->at = writer->length;
        return false;
    }
    frame_put_u32(writer->buffer + writer->length + 4, (uint32_t) (writer->at - writer->length - FRAME_HEADER));
    writer->length = writer->at;
    return true;
}

/* ---- windows ---- */

bool window_credit(struct frame_window *window, uint32_t count)
{
    uint32_t sum;
    if (__builtin_add_overflow(window->sendable, count, &sum)) {
        return false;
    }
    window->sendable = sum;
    return true;
}

uint32_t window_sendable(const struct frame_window *window, size_t count)
{
    uint32_t most = window->sendable < FRAME_MAX_DATA ? window->sendable : FRAME_MAX_DATA;
    return count < most ? (uint32_t) count : most;
}

void window_sent(struct frame_window *window, uint32_t count)
{
    window->sendable -= count <= window->sendable ? count : window->sendable;
}

void window_grant(struct frame_window *window, uint32_t count)
{
    if (__builtin_add_overflow(window->granted, count, &window->granted)) {
        window->granted = UINT32_MAX;
    }
}

bool window_received(struct frame_window *window, uint32_t count)
{
    if (count > window->granted) {
        return false;
    }
    window->granted -= count;
    return true;
}
