/*
 * The frame protocol of docs/protocol.md: the C side, shared by the client, the agent and their tests.
 *
 * Nothing here allocates, blocks or keeps global state. Buffers belong to the caller. Reading is incremental: bytes go
 * into a frame_parser as they come, frames are taken out as they become complete. Writing goes into a frame_writer over
 * a buffer of the caller; it remembers an overflow, so only frame_end() needs to be looked at.
 */
#ifndef BANGER_FRAMES_H
#define BANGER_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_VERSION 1u
#define FRAME_HEADER 8u
#define FRAME_MAX_PAYLOAD 262144u
#define FRAME_MAX_DATA 32768u
/* The longest frame; also how many zero bytes complete any half frame ("Starting in the middle"). */
#define FRAME_MAX (FRAME_HEADER + FRAME_MAX_PAYLOAD)
/* The usual window of a channel's direction. */
#define FRAME_WINDOW 262144u
#define FRAME_NONCE 16u

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_COMMAND = 2,
    FRAME_EXEC = 3,
    FRAME_CONNECT = 4,
    FRAME_GET = 5,
    FRAME_PUT = 6,
    FRAME_IDENTITY = 7,
    FRAME_STATS = 8,
    FRAME_SYNC = 9,
    FRAME_POWEROFF = 10,
    FRAME_STARTED = 11,
    FRAME_REPLY = 12,
    FRAME_STDIN = 16,
    FRAME_STDOUT = 17,
    FRAME_STDERR = 18,
    FRAME_WINDOW_CREDIT = 19,
    FRAME_RESIZE = 20,
    FRAME_SIGNAL = 21,
    FRAME_EXIT = 22,
    FRAME_ERROR = 23,
    FRAME_CLOSE = 24,
    FRAME_TERMINAL = 25,
    FRAME_BECOME = 26,
    FRAME_SHUTDOWN = 27,
    FRAME_EVENT = 28,
};

enum field_tag {
    FIELD_VERSION = 1,          /* u32 */
    FIELD_BUILD = 2,            /* string */
    FIELD_NONCE = 3,            /* 16 bytes */
    FIELD_ARG = 4,              /* string, repeated */
    FIELD_ENV = 5,              /* NAME=value, repeated */
    FIELD_CWD = 6,              /* string */
    FIELD_USER = 7,             /* string, name or uid */
    FIELD_TTY = 8,              /* u8 */
    FIELD_ROWS = 9,             /* u16 */
    FIELD_COLS = 10,            /* u16 */
    FIELD_HOST = 11,            /* string */
    FIELD_PORT = 12,            /* u16 */
    FIELD_PATH = 13,            /* string */
    FIELD_PID = 14,             /* u32 */
    FIELD_NAME = 15,            /* string */
    FIELD_FORCE = 16,           /* u8 */
    FIELD_CODE = 20,            /* string, an ErrorCode */
    FIELD_MESSAGE = 21,         /* string */
    FIELD_STATE = 22,           /* string */
    FIELD_BOOT_ID = 23,         /* string */
    FIELD_HOSTNAME = 32,        /* string */
    FIELD_ADDRESS = 33,         /* string, 10.0.2.15/24 */
    FIELD_GATEWAY = 34,         /* string */
    FIELD_DNS = 35,             /* string, repeated */
    FIELD_MAC = 36,             /* string */
    FIELD_AUTHORIZED_KEY = 37,  /* string, repeated */
    FIELD_HOST_KEY = 38,        /* bytes of an OpenSSH private key file */
    FIELD_HOST_KEY_PUBLIC = 39, /* string */
    FIELD_CLOCK = 40,           /* u64, ns since 1970 UTC */
    FIELD_ENTROPY = 41,         /* 32 .. 512 bytes */
    FIELD_MACHINE_ID = 42,      /* 32 hex digits */
    FIELD_WORK_DISK = 43,       /* string */
    FIELD_GENERATION = 44,      /* u32 */
    FIELD_WORK_DISK_BYTES = 45, /* u64 */
    FIELD_UPTIME = 64,          /* u64 ms */
    FIELD_LOAD1 = 65,           /* u64, x 100 */
    FIELD_MEM_TOTAL = 66,       /* u64 */
    FIELD_MEM_AVAILABLE = 67,   /* u64 */
    FIELD_ROOT_TOTAL = 68,      /* u64 */
    FIELD_ROOT_AVAILABLE = 69,  /* u64 */
    FIELD_WORK_TOTAL = 70,      /* u64 */
    FIELD_WORK_AVAILABLE = 71,  /* u64 */
    FIELD_PROCESSES = 72,       /* u64 */
    FIELD_CPU_MS = 73,          /* u64 */
    FIELD_STAGE = 80,           /* string name=ms, repeated */
};

/* TTY bits of COMMAND. In EXEC the value 1 asks for a pty. */
#define FRAME_TTY_STDIN 1u
#define FRAME_TTY_STDOUT 2u
#define FRAME_TTY_STDERR 4u

/* ---- big-endian integers ---- */
uint16_t frame_get_u16(const uint8_t *at);
uint32_t frame_get_u32(const uint8_t *at);
uint64_t frame_get_u64(const uint8_t *at);
void frame_put_u16(uint8_t *at, uint16_t value);
void frame_put_u32(uint8_t *at, uint32_t value);
void frame_put_u64(uint8_t *at, uint64_t value);

/* ---- what a type is ---- */
/* The name as in the page ("HELLO"), or "?" for an unknown type. Never null. */
const char *frame_type_name(unsigned type);
bool frame_type_known(unsigned type);
/* STDIN, STDOUT, STDERR: they use credit. */
bool frame_type_is_data(unsigned type);

/* ---- reading frames ---- */
struct frame {
    uint8_t type;
    uint16_t channel;
    uint32_t length;
    const uint8_t *payload; /* valid until the parser's next space(), feed() or reset() */
};

struct frame_parser {
    uint8_t *buffer;
    size_t capacity;
    size_t start;
    size_t end;
    const char *error; /* null, or why the stream is broken (a constant for people) */
};

enum frame_result {
    FRAME_INCOMPLETE, /* more bytes are needed */
    FRAME_TAKEN,      /* *frame is set */
    FRAME_BROKEN,     /* a protocol error, parser->error says which; stays so until reset() */
};

/*
 * A buffer of FRAME_MAX bytes takes every legal frame. A smaller one (at least FRAME_HEADER + FRAME_MAX_DATA is
 * sensible) makes a longer frame a protocol error, for a receiver that knows it is never sent one.
 */
void frame_parser_init(struct frame_parser *parser, uint8_t *buffer, size_t capacity);
/* Forgets buffered bytes and the error. */
void frame_parser_reset(struct frame_parser *parser);
/* Where the next read(2) may put bytes: returns how many fit at *at. 0 only when complete frames wait to be taken. */
size_t frame_parser_space(struct frame_parser *parser, uint8_t **at);
/* `count` bytes (at most what space() said) were put there. */
void frame_parser_filled(struct frame_parser *parser, size_t count);
/* Copies as much of `bytes` as fits and returns how much that was. */
size_t frame_parser_feed(struct frame_parser *parser, const void *bytes, size_t count);
/*
 * Takes the next complete frame. Checked here: the type is known, flags are 0, the length is within bounds (data frames:
 * FRAME_MAX_DATA; WINDOW, RESIZE, SIGNAL, EXIT, TERMINAL: exactly theirs). Zero bytes between frames are skipped.
 * Whether the frame is legal in the receiver's state, and its channel, is for the receiver to check.
 */
enum frame_result frame_parser_next(struct frame_parser *parser, struct frame *frame);
/* Drops one buffered byte: a receiver that hunts for a HELLO in a broken stream goes on behind it. Clears the error. */
void frame_parser_skip_byte(struct frame_parser *parser);
/* Bytes fed and not yet taken. */
size_t frame_parser_pending(const struct frame_parser *parser);

/* ---- reading fields ---- */
struct field {
    uint8_t tag;
    uint32_t length;
    const uint8_t *value; /* inside the payload */
};

struct field_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool broken;
};

void field_reader_init(struct field_reader *reader, const uint8_t *payload, size_t length);
/*
 * False at the end and on a malformed payload (a field that reaches past the end, or tag 0, which a half frame completed
 * by zero bytes has): then reader->broken is set. Unknown tags are returned like others, the caller skips them.
 */
bool field_next(struct field_reader *reader, struct field *field);
/* True where the whole payload is a sequence of fields. */
bool fields_well_formed(const uint8_t *payload, size_t length);
/* The first field of that tag; false where there is none or the payload is malformed before it. */
bool field_find(const uint8_t *payload, size_t length, unsigned tag, struct field *field);

/* False where the width differs. */
bool field_u8(const struct field *field, uint8_t *value);
bool field_u16(const struct field *field, uint16_t *value);
bool field_u32(const struct field *field, uint32_t *value);
bool field_u64(const struct field *field, uint64_t *value);
/* Copies a string and ends it with NUL; false (and *out empty) where it holds a NUL or does not fit. capacity > 0. */
bool field_string(const struct field *field, char *out, size_t capacity);
bool field_is(const struct field *field, const char *text);

/* ---- writing ---- */
/* Writes the 8 bytes of a header. */
void frame_header(uint8_t out[FRAME_HEADER], enum frame_type type, uint16_t channel, uint32_t length);

struct frame_writer {
    uint8_t *buffer;
    size_t capacity;
    size_t length; /* bytes of complete frames, after frame_end() */
    size_t at;     /* where the open frame's next byte goes */
    bool overflow; /* the open frame did not fit or is longer than FRAME_MAX_PAYLOAD */
};

void frame_writer_init(struct frame_writer *writer, uint8_t *buffer, size_t capacity);
/* Opens a frame behind the complete ones. One at a time. */
void frame_begin(struct frame_writer *writer, enum frame_type type, uint16_t channel);
void frame_bytes(struct frame_writer *writer, const void *bytes, size_t count);
void frame_u8(struct frame_writer *writer, uint8_t value);
void frame_u16(struct frame_writer *writer, uint16_t value);
void frame_u32(struct frame_writer *writer, uint32_t value);
void frame_field(struct frame_writer *writer, enum field_tag tag, const void *bytes, size_t count);
void frame_field_string(struct frame_writer *writer, enum field_tag tag, const char *text);
void frame_field_u8(struct frame_writer *writer, enum field_tag tag, uint8_t value);
void frame_field_u16(struct frame_writer *writer, enum field_tag tag, uint16_t value);
void frame_field_u32(struct frame_writer *writer, enum field_tag tag, uint32_t value);
void frame_field_u64(struct frame_writer *writer, enum field_tag tag, uint64_t value);
/* Completes the frame: true and writer->length covers it, or false where it did not fit: then it is dropped whole. */
bool frame_end(struct frame_writer *writer);

/* ---- windows ---- */
/* One direction of one channel. The sender uses `sendable`, the receiver `granted`; a window starts at zero. */
struct frame_window {
    uint32_t sendable; /* what the other side granted and was not used yet */
    uint32_t granted;  /* what this side granted and the other has not used yet */
};

/* A WINDOW frame came: false (a protocol error) where the sum no longer fits 32 bits. */
bool window_credit(struct frame_window *window, uint32_t count);
/* How much of `count` bytes may go into one data frame now. */
uint32_t window_sendable(const struct frame_window *window, size_t count);
/* `count` bytes (at most window_sendable's answer) are sent. */
void window_sent(struct frame_window *window, uint32_t count);
/* `count` bytes are granted to the other side (a WINDOW frame goes out). */
void window_grant(struct frame_window *window, uint32_t count);
/* A data frame came: false (a protocol error) where it exceeds what was granted. */
bool window_received(struct frame_window *window, uint32_t count);

#endif
