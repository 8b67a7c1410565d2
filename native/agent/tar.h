/* The tar format as GET sends it and PUT takes it: ustar, GNU long names and pax (tar(5), POSIX.1-2017 pax). */
#ifndef BANGER_TAR_H
#define BANGER_TAR_H

#include "agent.h"

#define TAR_BLOCK 512u

/* Exit statuses of a transfer; channel.c makes error codes of them. */
enum { TAR_OK = 0, TAR_FAILED = 1, TAR_NOT_FOUND = 2, TAR_MALFORMED = 3, TAR_REFUSED = 4, TAR_NO_SPACE = 5 };

struct tar_entry {
    char type; /* '0' file, '1' hard link, '2' symbolic link, '5' directory, '3' '4' '6' devices and FIFOs */
    char name[MAX_PATH];
    char link[MAX_PATH];
    mode_t mode;
    uid_t uid;
    gid_t gid;
    uint64_t size;
    int64_t mtime;
};

/* Makes one ustar header; a name or link that is longer than its field is cut (a long-name entry precedes it). */
void tar_encode(const struct tar_entry *entry, uint8_t block[TAR_BLOCK]);

enum tar_kind { TAR_ENTRY, TAR_END, TAR_LONG_NAME, TAR_LONG_LINK, TAR_PAX, TAR_PAX_GLOBAL, TAR_BAD };
/* Reads one header block. For the kinds between, entry->size says how many bytes of text follow. */
enum tar_kind tar_decode(const uint8_t block[TAR_BLOCK], struct tar_entry *entry);
/* Applies the records of a pax header (`LENGTH KEY=VALUE\n`); false where they are malformed or a value is too long. */
struct tar_pax {
    bool has_path, has_link, has_size, has_mtime, has_uid, has_gid;
    struct tar_entry entry;
};
bool tar_pax_apply(const char *text, size_t length, struct tar_pax *pax);
/* True where a name stays below the directory it is put in: relative and without `..`. */
bool tar_name_is_safe(const char *name);

#endif
