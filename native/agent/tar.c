#include "tar.h"

#include <stdio.h>
#include <string.h>

struct header {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char link[100];
    char magic[6];
    char version[2];
    char user[32];
    char group[32];
    char major[8];
    char minor[8];
    char prefix[155];
    char padding[12];
};

_Static_assert(sizeof(struct header) == TAR_BLOCK, "a tar header is one block");

/* Octal digits with a NUL, or, for what does not fit, GNU's base-256 with the top bit set. */
static void put_number(char *field, size_t width, uint64_t value)
{
    if (value < (uint64_t) 1 << (3 * (width - 1))) {
        for (size_t i = width - 1; i-- > 0;) {
            field[i] = (char) ('0' + (value & 7));
            value >>= 3;
        }
        field[width - 1] = 0;
        return;
    }
    for (size_t i = width; i-- > 1;) {
        field[i] = (char) (uint8_t) (value & 0xff);
        value >>= 8;
    }
    field[0] = (char) (uint8_t) 0x80;
}

static bool get_number(const char *field, size_t width, uint64_t *value)
{
    uint64_t sum = 0;
    if (((uint8_t) field[0] & 0x80) != 0) {
        if ((uint8_t) field[0] != 0x80) {
            return false; /* negative, or more than 88 bits */
        }
        for (size_t i = 1; i < width; i++) {
            if (sum >> 56 != 0) {
                return false;
            }
            sum = sum << 8 | (uint8_t) field[i];
        }
        *value = sum;
        return true;
    }
    size_t i = 0;
    while (i < width && field[i] == ' ') {
        i++;
    }
    for (; i < width && field[i] != 0 && field[i] != ' '; i++) {
        if (field[i] < '0' || field[i] > '7') {
            return false;
        }
        sum = sum << 3 | (uint64_t) (field[i] - '0'); /* at most 12 digits: 36 bits */
    }
    *value = sum;
    return true;
}

static unsigned checksum(const uint8_t *block)
{
    unsigned sum = 0;
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        const bool own = i >= offsetof(struct header, checksum) && i < offsetof(struct header, checksum) + 8;
        sum += own ? ' ' : block[i];
    }
    return sum;
}

static void put_text(char *field, size_t width, const char *text)
{
    const size_t length = strnlen(text, width);
    memcpy(field, text, length);
}

void tar_encode(const struct tar_entry *entry, uint8_t block[TAR_BLOCK])
{
    struct header header;
    memset(&header, 0, sizeof header);
    put_text(header.name, sizeof header.name, entry->name);
    put_text(header.link, sizeof header.link, entry->link);
    put_number(header.mode, sizeof header.mode, entry->mode & 07777);
    put_number(header.uid, sizeof header.uid, entry->uid);
    put_number(header.gid, sizeof header.gid, entry->gid);
    put_number(header.size, sizeof header.size, entry->size);
    put_number(header.mtime, sizeof header.mtime, entry->mtime < 0 ? 0 : (uint64_t) entry->mtime);
    header.type = entry->type;
    memcpy(header.magic, "ustar", 6);
    memcpy(header.version, "00", 2);
    memcpy(block, &header, TAR_BLOCK);
    const unsigned sum = checksum(block);
    (void) snprintf(header.checksum, sizeof header.checksum, "%06o", sum);
    header.checksum[7] = ' ';
    memcpy(block, &header, TAR_BLOCK);
}

static void get_name(const struct header *header, char out[MAX_PATH])
{
    size_t length = 0;
    if (memcmp(header->magic, "ustar\0", 6) == 0 && header->prefix[0] != 0) { /* old GNU keeps other things there */
        length = strnlen(header->prefix, sizeof header->prefix);
        memcpy(out, header->prefix, length);
        out[length++] = '/';
    }
    const size_t name = strnlen(header->name, sizeof header->name);
    memcpy(out + length, header->name, name);
    out[length + name] = 0;
}

enum tar_kind tar_decode(const uint8_t block[TAR_BLOCK], struct tar_entry *entry)
{
    struct header header;
    uint64_t mode;
    uint64_t uid;
    uint64_t gid;
    uint64_t mtime;
    uint64_t sum;
    bool empty = true;
    for (size_t i = 0; i < TAR_BLOCK && empty; i++) {
        empty = block[i] == 0;
    }
    if (empty) {
        return TAR_END;
    }
    memcpy(&header, block, TAR_BLOCK);
    if (!get_number(header.checksum, sizeof header.checksum, &sum) || sum != checksum(block)
        || !get_number(header.mode, sizeof header.mode, &mode) || !get_number(header.uid, sizeof header.uid, &uid)
        || !get_number(header.gid, sizeof header.gid, &gid) || !get_number(header.size, sizeof header.size, &entry->size)
        || entry->size > INT64_MAX - TAR_BLOCK || uid > UINT32_MAX || gid > UINT32_MAX) {
        return TAR_BAD;
    }
    if (!get_number(header.mtime, sizeof header.mtime, &mtime) || mtime > INT64_MAX) {
        mtime = 0; /* a time before 1970 */
    }
    entry->mode = (mode_t) (mode & 07777);
    entry->uid = (uid_t) uid;
    entry->gid = (gid_t) gid;
    entry->mtime = (int64_t) mtime;
    entry->type = header.type == 0 || header.type == '7' ? '0' : header.type;
    get_name(&header, entry->name);
    const size_t link = strnlen(header.link, sizeof header.link);
    memcpy(entry->link, header.link, link);
    entry->link[link] = 0;
    switch (entry->type) {
    case 'L':
        return TAR_LONG_NAME;
    case 'K':
        return TAR_LONG_LINK;
    case 'x':
        return TAR_PAX;
    case 'g':
        return TAR_PAX_GLOBAL;
    default:
        return TAR_ENTRY;
    }
}

static bool decimal(const char *text, size_t length, uint64_t *value)
{
    uint64_t sum = 0;
    if (length == 0) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || sum > (INT64_MAX - 9) / 10) {
            return false;
        }
        sum = sum * 10 + (uint64_t) (text[i] - '0');
    }
    *value = sum;
    return true;
}

static bool pax_text(const char *value, size_t length, char out[MAX_PATH])
{
    if (length >= MAX_PATH || memchr(value, 0, length) != NULL) {
        return false;
    }
    memcpy(out, value, length);
    out[length] = 0;
    return true;
}

static bool pax_record(const char *key, size_t key_length, const char *value, size_t length, struct tar_pax *pax)
{
    uint64_t number = 0;
    if (key_length == 4 && memcmp(key, "path", 4) == 0) {
        pax->has_path = true;
        return pax_text(value, length, pax->entry.name);
    }
    if (key_length == 8 && memcmp(key, "linkpath", 8) == 0) {
        pax->has_link = true;
        return pax_text(value, length, pax->entry.link);
    }
    if (key_length == 4 && memcmp(key, "size", 4) == 0) {
        pax->has_size = decimal(value, length, &number) && number <= INT64_MAX - TAR_BLOCK;
        pax->entry.size = number;
        return pax->has_size;
    }
    if (key_length == 5 && memcmp(key, "mtime", 5) == 0) {
        const char *dot = memchr(value, '.', length);
        pax->has_mtime = decimal(value, dot != NULL ? (size_t) (dot - value) : length, &number); /* negative: as none */
        pax->entry.mtime = (int64_t) number;
        return true;
    }
    if (key_length == 3 && (memcmp(key, "uid", 3) == 0 || memcmp(key, "gid", 3) == 0)) {
        if (!decimal(value, length, &number) || number > UINT32_MAX) {
            return false;
        }
        if (key[0] == 'u') {
            pax->has_uid = true;
            pax->entry.uid = (uid_t) number;
        } else {
            pax->has_gid = true;
            pax->entry.gid = (gid_t) number;
        }
    }
    return true;
}

bool tar_pax_apply(const char *text, size_t length, struct tar_pax *pax)
{
    while (length > 0) {
        const char *space = memchr(text, ' ', length);
        uint64_t record = 0;
        if (space == NULL || !decimal(text, (size_t) (space - text), &record) || record > length
            || record < (uint64_t) (space - text) + 3 || text[record - 1] != '\n') {
            return false;
        }
        const char *key = space + 1;
        const size_t rest = (size_t) record - (size_t) (key - text) - 1;
        const char *equals = memchr(key, '=', rest);
        if (equals == NULL
            || !pax_record(key, (size_t) (equals - key), equals + 1, rest - (size_t) (equals + 1 - key), pax)) {
            return false;
        }
        text += record;
        length -= (size_t) record;
    }
    return true;
}

bool tar_name_is_safe(const char *name)
{
    if (*name == '/' || *name == 0) {
        return false;
    }
    for (const char *part = name; *part != 0;) {
        const size_t length = strcspn(part, "/");
        if (length == 2 && part[0] == '.' && part[1] == '.') {
            return false;
        }
        part += length;
        part += strspn(part, "/");
    }
    return true;
}
