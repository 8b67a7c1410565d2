/*
 * Hostile bytes for the frame parser, the fields and the tar reader: an entry for a fuzzer, and a bounded run of our own
 * with a seeded generator, so that every test run tries the same inputs and a failure can be repeated.
 */
#include "../agent/tar.h"
#include "fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void try_frames(const uint8_t *data, size_t size)
{
    static uint8_t buffer[FRAME_HEADER + FRAME_MAX_DATA];
    struct frame_parser parser;
    struct frame frame;
    frame_parser_init(&parser, buffer, sizeof buffer);
    size_t at = 0;
    for (;;) {
        const size_t some = size - at < 97 ? size - at : 97; /* an odd length, so that frames are cut everywhere */
        const size_t taken = some == 0 ? 0 : frame_parser_feed(&parser, data + at, some);
        at += taken;
        enum frame_result result;
        while ((result = frame_parser_next(&parser, &frame)) == FRAME_TAKEN) {
            struct field_reader reader;
            struct field field;
            char text[64];
            volatile uint32_t sum = 0;
            for (uint32_t i = 0; i < frame.length; i++) {
                sum += frame.payload[i];
            }
            field_reader_init(&reader, frame.payload, frame.length);
            while (field_next(&reader, &field)) {
                uint8_t byte;
                uint64_t number;
                (void) field_string(&field, text, sizeof text);
                (void) field_u8(&field, &byte);
                (void) field_u64(&field, &number);
            }
        }
        if (result == FRAME_BROKEN) {
            frame_parser_skip_byte(&parser);
        } else if (taken == 0) {
            return;
        }
    }
}

static void try_text(const uint8_t *data, size_t size)
{
    static char text[65536];
    static char out[65536];
    static struct account account;
    gid_t groups[8];
    uint8_t mac[6];
    uint32_t address;
    uint32_t mask;
    const char *parameters;
    const size_t length = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, length);
    text[length] = 0;
    (void) passwd_find(text, "root", &account);
    (void) group_list(text, "root", 0, groups, sizeof groups / sizeof groups[0]);
    (void) hosts_text("box", text, out, sizeof out);
    (void) parse_mac(text, mac);
    (void) parse_cidr(text, &address, &mask);
    (void) valid_machine_id(text);
    (void) module_line(text, out, sizeof out, &parameters);
    virtio_mmio_parameters(text, out, 64);
}

static void try_tar(const uint8_t *data, size_t size)
{
    static struct tar_pax pax;
    static struct tar_entry entry;
    (void) tar_pax_apply((const char *) data, size, &pax);
    for (size_t at = 0; at + TAR_BLOCK <= size; at += TAR_BLOCK) {
        (void) tar_decode(data + at, &entry);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_frames(data, size);
    try_text(data, size);
    try_tar(data, size);
    return 0;
}

static uint64_t state;

static uint32_t draw(uint32_t bound)
{
    state ^= state << 13; /* xorshift64 (Marsaglia 2003) */
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t) (state >> 32) % bound;
}

static size_t frames_input(uint8_t *out, size_t capacity)
{
    struct frame_writer writer;
    frame_writer_init(&writer, out, capacity);
    for (uint32_t frames = draw(8) + 1; frames > 0; frames--) {
        frame_begin(&writer, (enum frame_type) (draw(28) + 1), (uint16_t) draw(4));
        for (uint32_t fields = draw(5); fields > 0; fields--) {
            frame_field(&writer, (enum field_tag) (draw(80) + 1), "0123456789abcdef0123456789abcdef", draw(33));
        }
        (void) frame_end(&writer);
    }
    return writer.length;
}

static size_t tar_input(uint8_t *out, size_t capacity)
{
    static struct tar_entry entry;
    static const char *const names[] = {"a", "a/b", "../x", "/etc/passwd", "l/x", "d/", "d/../../x", ".", "", "a//b/./c", "l"};
    static const char types[] = "0125LKxg3S";
    size_t length = 0;
    for (uint32_t entries = draw(6) + 1; entries > 0 && length + TAR_BLOCK * 3 <= capacity; entries--) {
        memset(&entry, 0, sizeof entry);
        entry.type = types[draw(sizeof types - 1)];
        (void) strcpy(entry.name, names[draw(sizeof names / sizeof names[0])]);
        (void) strcpy(entry.link, names[draw(sizeof names / sizeof names[0])]);
        entry.mode = 0755;
        entry.uid = getuid();
        entry.gid = getgid();
        entry.size = draw(4) == 0 ? draw(2000) : draw(600);
        tar_encode(&entry, out + length);
        length += TAR_BLOCK;
        const char text[] = "14 path=../..\n13 size=9999\n11 path=l/z\n";
        memset(out + length, 'x', TAR_BLOCK);
        memcpy(out + length, text, sizeof text - 1);
        length += entry.type == '0' || entry.size == 0 ? (entry.size + 511) / 512 * 512 > TAR_BLOCK ? TAR_BLOCK : (size_t) (entry.size + 511) / 512 * 512 : TAR_BLOCK;
    }
    return length;
}

static void damage(uint8_t *bytes, size_t length)
{
    for (uint32_t hits = draw(4); hits > 0 && length > 0; hits--) {
        bytes[draw((uint32_t) length)] = (uint8_t) draw(256);
    }
}

/* The reader on a file of hostile bytes, into a directory beside which a file lies that must stay as it is. */
static bool try_tar_reader(const char *directory, const uint8_t *bytes, size_t length, int in, int err)
{
    if (ftruncate(in, 0) != 0 || pwrite(in, bytes, length, 0) != (ssize_t) length || lseek(in, 0, SEEK_SET) != 0) {
        return false;
    }
    (void) tar_read(directory, in, err);
    return true;
}

bool fuzz_run(const char *work, unsigned rounds, uint64_t seed)
{
    static uint8_t input[65536];
    char target[MAX_PATH];
    char scratch[MAX_PATH];
    char sentinel[MAX_PATH];
    char content[16];
    (void) snprintf(target, sizeof target, "%s/target", work);
    (void) snprintf(scratch, sizeof scratch, "%s/input", work);
    (void) snprintf(sentinel, sizeof sentinel, "%s/x", work);
    const int in = open(scratch, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const int err = open("/dev/null", O_WRONLY | O_CLOEXEC);
    bool ok = in >= 0 && err >= 0 && write_file(sentinel, "untouched", 9, 0600, getuid(), getgid());
    state = seed;
    for (unsigned i = 0; ok && i < rounds; i++) {
        size_t length = frames_input(input, sizeof input);
        damage(input, length);
        (void) LLVMFuzzerTestOneInput(input, length);
        for (length = 0; length < 600; length++) {
            input[length] = (uint8_t) draw(256);
        }
        (void) LLVMFuzzerTestOneInput(input, length);
        length = tar_input(input, sizeof input);
        (void) LLVMFuzzerTestOneInput(input, length);
        if (i % 8 == 0) {
            if (draw(2) == 0) {
                damage(input, length);
            }
            ok = try_tar_reader(target, input, length, in, err);
        }
    }
    ok = ok && read_file(sentinel, content, sizeof content) == 9 && strcmp(content, "untouched") == 0;
    if (in >= 0) {
        (void) close(in);
    }
    if (err >= 0) {
        (void) close(err);
    }
    return ok;
}
