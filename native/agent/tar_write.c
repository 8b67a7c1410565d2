#include "tar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* One transfer at a time in a process of its own, so this may be static. */
static struct {
    int out;
    int err;
    size_t name_length;
    struct tar_entry entry;
    uint8_t buffer[65536];
} sending;

static int explain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int explain(int status, const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length > 0) {
        (void) write_all(sending.err, text, (size_t) length < sizeof text ? (size_t) length : sizeof text - 1);
    }
    return status;
}

static int put(const void *bytes, size_t count)
{
    return write_all(sending.out, bytes, count) ? TAR_OK : explain(TAR_FAILED, "cannot send: %s", strerror(errno));
}

static int put_padded(const void *bytes, size_t count)
{
    static const uint8_t zeros[TAR_BLOCK];
    const size_t over = count % TAR_BLOCK;
    const int status = put(bytes, count);
    return status != TAR_OK || over == 0 ? status : put(zeros, TAR_BLOCK - over);
}

/* GNU's way with a long name: an entry of its own before, whose content is the name and a NUL. */
static int put_long(char type, const char *text)
{
    static struct tar_entry entry;
    uint8_t block[TAR_BLOCK];
    entry.type = type;
    entry.size = strlen(text) + 1;
    (void) snprintf(entry.name, sizeof entry.name, "././@LongLink");
    tar_encode(&entry, block);
    const int status = put(block, sizeof block);
    return status != TAR_OK ? status : put_padded(text, strlen(text) + 1);
}

static int put_header(void)
{
    uint8_t block[TAR_BLOCK];
    int status = TAR_OK;
    if (strlen(sending.entry.name) > 100) {
        status = put_long('L', sending.entry.name);
    }
    if (status == TAR_OK && strlen(sending.entry.link) > 100) {
        status = put_long('K', sending.entry.link);
    }
    if (status == TAR_OK) {
        tar_encode(&sending.entry, block);
        status = put(block, sizeof block);
    }
    return status;
}

/* The size in the header is a promise: a file that shrinks is filled up with zeros, one that grows is cut. */
static int put_content(int fd, uint64_t size)
{
    uint64_t left = size;
    bool ended = false;
    while (left > 0) {
        const size_t want = left < sizeof sending.buffer ? (size_t) left : sizeof sending.buffer;
        ssize_t got = 0;
        if (!ended) {
            do {
                got = read(fd, sending.buffer, want);
            } while (got < 0 && errno == EINTR);
            if (got < 0) {
                return explain(TAR_FAILED, "cannot read %.150s: %s", sending.entry.name, strerror(errno));
            }
            ended = got == 0;
        }
        if (ended) {
            memset(sending.buffer, 0, want);
            got = (ssize_t) want;
        }
        const int status = put(sending.buffer, (size_t) got);
        if (status != TAR_OK) {
            return status;
        }
        left -= (uint64_t) got;
    }
    static const uint8_t zeros[TAR_BLOCK];
    return size % TAR_BLOCK == 0 ? TAR_OK : put(zeros, TAR_BLOCK - (size_t) (size % TAR_BLOCK));
}

static int put_tree(int directory, int depth);

static int put_file(int parent, const char *name)
{
    struct stat status;
    /* O_NONBLOCK: what was a file a moment ago may be a FIFO now. */
    const int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? TAR_OK : explain(TAR_FAILED, "cannot open %.150s: %s", sending.entry.name, strerror(errno));
    }
    int result = TAR_OK;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        sending.entry.size = (uint64_t) status.st_size;
        result = put_header();
        if (result == TAR_OK) {
            result = put_content(fd, sending.entry.size);
        }
    }
    (void) close(fd);
    return result;
}

static int put_directory(int parent, const char *name, int depth)
{
    const size_t length = sending.name_length;
    if (length + 2 >= sizeof sending.entry.name) {
        return explain(TAR_FAILED, "a name below %.150s is longer than 4096 bytes", sending.entry.name);
    }
    sending.entry.name[length] = '/';
    sending.entry.name[length + 1] = 0;
    int result = put_header();
    sending.name_length = length + 1;
    const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (result == TAR_OK && fd >= 0) {
        result = put_tree(fd, depth + 1);
    } else if (result == TAR_OK && errno != ENOENT) {
        result = explain(TAR_FAILED, "cannot open %.150s: %s", sending.entry.name, strerror(errno));
    }
    if (fd >= 0) {
        (void) close(fd);
    }
    sending.name_length = length;
    sending.entry.name[length] = 0;
    return result;
}

/* The entry's name is set. What has vanished since it was listed is left out; sockets and devices are too. */
static int put_entry(int parent, const char *name, int depth)
{
    struct stat status;
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT && depth > 0 ? TAR_OK
                                            : explain(errno == ENOENT || errno == ENOTDIR ? TAR_NOT_FOUND : TAR_FAILED,
                                                  "cannot read %.150s in the guest: %s", name, strerror(errno));
    }
    sending.entry.mode = status.st_mode & 07777;
    sending.entry.uid = status.st_uid;
    sending.entry.gid = status.st_gid;
    sending.entry.mtime = status.st_mtim.tv_sec;
    sending.entry.size = 0;
    sending.entry.link[0] = 0;
    if (S_ISDIR(status.st_mode)) {
        sending.entry.type = '5';
        return put_directory(parent, name, depth);
    }
    if (S_ISREG(status.st_mode)) {
        sending.entry.type = '0';
        return put_file(parent, name);
    }
    if (S_ISLNK(status.st_mode)) {
        const ssize_t length = readlinkat(parent, name, sending.entry.link, sizeof sending.entry.link - 1);
        if (length < 0) {
            return errno == ENOENT ? TAR_OK : explain(TAR_FAILED, "cannot read the link %.150s: %s", sending.entry.name, strerror(errno));
        }
        sending.entry.link[length] = 0;
        sending.entry.type = '2';
        return put_header();
    }
    return TAR_OK;
}

static int put_tree(int directory, int depth)
{
    if (depth > 200) {
        return explain(TAR_FAILED, "%.150s is nested deeper than 200 directories", sending.entry.name);
    }
    const int listed = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = listed >= 0 ? fdopendir(listed) : NULL;
    if (entries == NULL) {
        if (listed >= 0) {
            (void) close(listed);
        }
        return explain(TAR_FAILED, "cannot list %.150s: %s", sending.entry.name, strerror(errno));
    }
    int result = TAR_OK;
    const size_t base = sending.name_length;
    for (const struct dirent *entry; result == TAR_OK && (entry = readdir(entries)) != NULL;) {
        const size_t length = strlen(entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (base + length + 1 >= sizeof sending.entry.name) {
            result = explain(TAR_FAILED, "a name below %.150s is longer than 4096 bytes", sending.entry.name);
            break;
        }
        memcpy(sending.entry.name + base, entry->d_name, length + 1);
        sending.name_length = base + length;
        result = put_entry(directory, entry->d_name, depth);
    }
    sending.name_length = base;
    sending.entry.name[base] = 0;
    (void) closedir(entries);
    return result;
}

/* The stream's names begin with the last part of `path`; for / itself they are below `.`. */
int tar_write(const char *path, int out, int err)
{
    static const uint8_t end[TAR_BLOCK * 2];
    static char whole[MAX_PATH];
    sending.out = out;
    sending.err = err;
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    memcpy(whole, path, length);
    whole[length] = 0;
    const char *slash = strrchr(whole, '/');
    const char *name = length == 1 ? "." : slash != NULL ? slash + 1 : whole;
    if (strlen(name) > NAME_MAX) {
        return explain(TAR_NOT_FOUND, "a part of the path is longer than %d bytes", NAME_MAX);
    }
    sending.name_length = strlen(name);
    memcpy(sending.entry.name, name, sending.name_length + 1);
    int result = put_entry(AT_FDCWD, whole, 0);
    if (result == TAR_OK) {
        result = put(end, sizeof end);
    }
    return result;
}
