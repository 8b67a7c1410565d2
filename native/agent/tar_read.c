#include "tar.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_PAX 65536u
/* Directories get their times at the end, when nothing is put into them any more; beyond so many they keep today's. */
#define MAX_DIRECTORY_TIMES 512

struct directory_time {
    char name[256];
    int64_t mtime;
};

/* One transfer at a time in a process of its own, so this may be static. */
static struct {
    int root;
    int in;
    int err;
    bool have_name; /* a GNU long name or link came for the next entry */
    bool have_link;
    char name[MAX_PATH];
    char link[MAX_PATH];
    struct tar_pax pax;
    struct tar_entry entry;
    char text[MAX_PAX + 1];
    uint8_t buffer[65536];
    struct directory_time times[MAX_DIRECTORY_TIMES];
    size_t time_count;
} taking;

static int explain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int explain(int status, const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length > 0) {
        (void) write_all(taking.err, text, (size_t) length < sizeof text ? (size_t) length : sizeof text - 1);
    }
    return status;
}

static int explain_errno(const char *what)
{
    const int error = errno;
    const int status = error == ENOSPC || error == EDQUOT ? TAR_NO_SPACE
        : error == ELOOP || error == ENOTDIR || error == EACCES || error == EROFS ? TAR_REFUSED
                                                                                 : TAR_FAILED;
    return explain(status, "cannot %s %.120s: %s", what, taking.entry.name, strerror(error));
}

/* Fills `bytes` or says how much came before the end of the input. */
static size_t get(void *bytes, size_t count)
{
    uint8_t *at = bytes;
    size_t length = 0;
    while (length < count) {
        const ssize_t got = read(taking.in, at + length, count - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        length += (size_t) got;
    }
    return length;
}

static int cut_short(void)
{
    return explain(TAR_MALFORMED, "the tar stream ends in the middle of an entry");
}

static int skip(uint64_t count)
{
    while (count > 0) {
        const size_t want = count < sizeof taking.buffer ? (size_t) count : sizeof taking.buffer;
        if (get(taking.buffer, want) != want) {
            return cut_short();
        }
        count -= want;
    }
    return TAR_OK;
}

static uint64_t padding(uint64_t size)
{
    return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}

/*
 * Opens the directory that holds the entry, one part at a time, so that no symbolic link on the way is followed: neither
 * one that was there nor one that this very stream has planted (P83). Missing directories are made.
 */
static int open_parent(const char *name, const char **last)
{
    int at = fcntl(taking.root, F_DUPFD_CLOEXEC, 3);
    const char *part = name;
    for (;;) {
        char text[NAME_MAX + 1];
        part += strspn(part, "/");
        const size_t length = strcspn(part, "/");
        const char *rest = part + length + strspn(part + length, "/");
        if (at < 0 || *rest == 0) {
            *last = part;
            return at;
        }
        if (length == 1 && *part == '.') {
            part = rest;
            continue;
        }
        if (length > NAME_MAX) {
            (void) close(at);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(text, part, length);
        text[length] = 0;
        if (mkdirat(at, text, 0755) != 0 && errno != EEXIST) {
            const int error = errno;
            (void) close(at);
            errno = error;
            return -1;
        }
        const int next = openat(at, text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        const int error = errno;
        (void) close(at);
        errno = error;
        at = next;
        part = rest;
    }
}

/* By descriptor or, for links, without following. chown first: it clears the set-id bits (chown(2)). */
static bool adopt(int parent, const char *name, int fd)
{
    const struct tar_entry *entry = &taking.entry;
    const struct timespec times[2] = {{0, UTIME_OMIT}, {entry->mtime, 0}};
    if (fd >= 0) {
        return fchown(fd, entry->uid, entry->gid) == 0 && fchmod(fd, entry->mode) == 0 && futimens(fd, times) == 0;
    }
    return fchownat(parent, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) == 0
        && utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A file replaces what is there, but never a directory. */
static bool make_room(int parent, const char *name)
{
    return unlinkat(parent, name, 0) == 0 || errno == ENOENT;
}

static int take_content(int fd)
{
    uint64_t left = taking.entry.size;
    while (left > 0) {
        const size_t want = left < sizeof taking.buffer ? (size_t) left : sizeof taking.buffer;
        if (get(taking.buffer, want) != want) {
            return cut_short();
        }
        if (!write_all(fd, taking.buffer, want)) {
            return explain_errno("write");
        }
        left -= want;
    }
    return skip(padding(taking.entry.size));
}

static int take_file(int parent, const char *name)
{
    if (!make_room(parent, name)) {
        return explain_errno("replace");
    }
    const int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return explain_errno("create");
    }
    int status = take_content(fd);
    if (status == TAR_OK && !adopt(parent, name, fd)) {
        status = explain_errno("set owner and mode of");
    }
    if (close(fd) != 0 && status == TAR_OK) {
        status = explain_errno("write");
    }
    return status;
}

static int take_directory(int parent, const char *name)
{
    char text[NAME_MAX + 1];
    const size_t length = strcspn(name, "/");
    if (length > NAME_MAX) {
        errno = ENAMETOOLONG;
        return explain_errno("make");
    }
    memcpy(text, name, length);
    text[length] = 0;
    if (length == 0 || strcmp(text, ".") == 0) {
        return TAR_OK; /* the target itself keeps its owner and mode */
    }
    if (mkdirat(parent, text, 0700) != 0 && errno != EEXIST) {
        return explain_errno("make");
    }
    const int fd = openat(parent, text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return explain_errno("open");
    }
    const int status = adopt(parent, text, fd) ? TAR_OK : explain_errno("set owner and mode of");
    (void) close(fd);
    const size_t whole = strlen(taking.entry.name);
    if (taking.time_count < MAX_DIRECTORY_TIMES && whole < sizeof taking.times[0].name) {
        struct directory_time *time = &taking.times[taking.time_count++];
        memcpy(time->name, taking.entry.name, whole + 1);
        time->mtime = taking.entry.mtime;
    }
    return status;
}

static int take_symbolic_link(int parent, const char *name)
{
    if (!make_room(parent, name) || symlinkat(taking.entry.link, parent, name) != 0 || !adopt(parent, name, -1)) {
        return explain_errno("make the link");
    }
    return TAR_OK;
}

static int take_hard_link(int parent, const char *name)
{
    const char *target;
    struct stat status;
    if (!tar_name_is_safe(taking.entry.link)) {
        return explain(TAR_REFUSED, "%.80s is a link to %.80s, outside the target", taking.entry.name, taking.entry.link);
    }
    const int from = open_parent(taking.entry.link, &target);
    if (from < 0) {
        return explain_errno("find what is linked by");
    }
    /* linkat(2) does not follow a symbolic link at its end unless told to. Only files: never a way around the checks. */
    const bool ok = fstatat(from, target, &status, AT_SYMLINK_NOFOLLOW) == 0 && (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode))
        && make_room(parent, name) && linkat(from, target, parent, name, 0) == 0;
    const int result = ok ? TAR_OK : explain_errno("make the hard link");
    (void) close(from);
    return result;
}

static int take_entry(void)
{
    const char *name;
    if (!tar_name_is_safe(taking.entry.name)) {
        return explain(TAR_REFUSED, "the tar stream has a name outside the target: %.120s", taking.entry.name);
    }
    const int parent = open_parent(taking.entry.name, &name);
    if (parent < 0) {
        return explain_errno("open the directory of");
    }
    const bool empty = *name == 0 || strcmp(name, ".") == 0;
    const bool file = taking.entry.type == '0' && taking.entry.name[strlen(taking.entry.name) - 1] != '/';
    int status;
    if (strlen(name) > NAME_MAX && taking.entry.type != '5') {
        errno = ENAMETOOLONG;
        status = explain_errno("create");
    } else if (taking.entry.type == '5' || (taking.entry.type == '0' && !file && taking.entry.size == 0)) {
        status = take_directory(parent, name); /* before ustar a directory was a file whose name ends in / */
    } else if (file && !empty) {
        status = take_file(parent, name);
    } else if (taking.entry.type == '2' && !empty) {
        status = take_symbolic_link(parent, name);
    } else if (taking.entry.type == '1' && !empty) {
        status = take_hard_link(parent, name);
    } else {
        status = TAR_OK; /* devices, FIFOs and what else there is are left out */
    }
    (void) close(parent);
    if (status == TAR_OK && !(file && !empty)) {
        /* Only these may lie about content: for links old writers note the size of the file. */
        const bool has_content = taking.entry.type != '1' && taking.entry.type != '2' && taking.entry.type != '5';
        status = has_content ? skip(taking.entry.size + padding(taking.entry.size)) : TAR_OK;
    }
    return status;
}

static int take_text(uint64_t size, size_t capacity)
{
    if (size >= capacity) {
        return explain(TAR_MALFORMED, "the tar stream has a name or header longer than %zu bytes", capacity);
    }
    if (get(taking.text, (size_t) size) != size) {
        return cut_short();
    }
    taking.text[size] = 0;
    return skip(padding(size));
}

static void copy_name(char out[MAX_PATH])
{
    const size_t length = strnlen(taking.text, MAX_PATH - 1);
    memcpy(out, taking.text, length);
    out[length] = 0;
}

static void apply_overrides(void)
{
    const struct tar_pax *pax = &taking.pax;
    if (taking.have_name) {
        memcpy(taking.entry.name, taking.name, sizeof taking.name);
    }
    if (taking.have_link) {
        memcpy(taking.entry.link, taking.link, sizeof taking.link);
    }
    if (pax->has_path) {
        memcpy(taking.entry.name, pax->entry.name, sizeof taking.entry.name);
    }
    if (pax->has_link) {
        memcpy(taking.entry.link, pax->entry.link, sizeof taking.entry.link);
    }
    taking.entry.size = pax->has_size ? pax->entry.size : taking.entry.size;
    taking.entry.mtime = pax->has_mtime ? pax->entry.mtime : taking.entry.mtime;
    taking.entry.uid = pax->has_uid ? pax->entry.uid : taking.entry.uid;
    taking.entry.gid = pax->has_gid ? pax->entry.gid : taking.entry.gid;
    taking.have_name = taking.have_link = false;
    memset(&taking.pax, 0, offsetof(struct tar_pax, entry));
}

static int take_block(const uint8_t block[TAR_BLOCK], bool *ended)
{
    int status;
    switch (tar_decode(block, &taking.entry)) {
    case TAR_END:
        *ended = true;
        return TAR_OK;
    case TAR_LONG_NAME:
        status = take_text(taking.entry.size, MAX_PATH);
        copy_name(taking.name);
        taking.have_name = true;
        return status;
    case TAR_LONG_LINK:
        status = take_text(taking.entry.size, MAX_PATH);
        copy_name(taking.link);
        taking.have_link = true;
        return status;
    case TAR_PAX:
        status = take_text(taking.entry.size, MAX_PAX);
        if (status == TAR_OK && !tar_pax_apply(taking.text, (size_t) taking.entry.size, &taking.pax)) {
            status = explain(TAR_MALFORMED, "the tar stream has a malformed pax header");
        }
        return status;
    case TAR_PAX_GLOBAL:
        return take_text(taking.entry.size, MAX_PAX); /* such as git's commit id: nothing that a file needs */
    case TAR_ENTRY:
        apply_overrides();
        return take_entry();
    case TAR_BAD:
        break;
    }
    return explain(TAR_MALFORMED, "the stream is not tar, or is damaged");
}

static void set_directory_times(void)
{
    while (taking.time_count > 0) {
        const struct directory_time *time = &taking.times[--taking.time_count];
        const struct timespec times[2] = {{0, UTIME_OMIT}, {time->mtime, 0}};
        const char *last;
        const int parent = open_parent(time->name, &last);
        if (parent >= 0) {
            char text[NAME_MAX + 1];
            const size_t length = strcspn(last, "/");
            (void) snprintf(text, sizeof text, "%.*s", (int) length, last);
            (void) utimensat(parent, text, times, AT_SYMLINK_NOFOLLOW); /* it may have been replaced since */
            (void) close(parent);
        }
    }
}

int tar_read(const char *directory, int in, int err)
{
    uint8_t block[TAR_BLOCK];
    bool ended = false;
    int status = TAR_OK;
    taking.in = in;
    taking.err = err;
    taking.time_count = 0;
    taking.have_name = taking.have_link = false;
    memset(&taking.pax, 0, sizeof taking.pax);
    (void) snprintf(taking.entry.name, sizeof taking.entry.name, "%s", directory);
    /* The target is the opener's own word, links in it are followed. It is made where it is missing. */
    if (!make_directories(directory, 0755)) {
        return explain_errno("make");
    }
    taking.root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (taking.root < 0) {
        return explain_errno("open");
    }
    while (status == TAR_OK && !ended) {
        const size_t got = get(block, sizeof block);
        if (got == 0) {
            break; /* some writers leave the two empty blocks out */
        }
        status = got == sizeof block ? take_block(block, &ended) : cut_short();
    }
    while (status == TAR_OK && get(taking.buffer, sizeof taking.buffer) > 0) {
        /* What follows the end is padding; left unread it would stop the sender. */
    }
    if (status == TAR_OK) {
        set_directory_times();
    }
    (void) close(taking.root);
    return status;
}
