#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t read_file(const char *path, char *out, size_t capacity)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    size_t length = 0;
    for (;;) {
        const ssize_t got = read(fd, out + length, capacity - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 || length + (size_t) got >= capacity) {
            const int error = got < 0 ? errno : EFBIG;
            (void) close(fd);
            errno = error;
            return -1;
        }
        if (got == 0) {
            break;
        }
        length += (size_t) got;
    }
    out[length] = 0;
    (void) close(fd); /* nothing was written */
    return (ssize_t) length;
}

bool write_all(int fd, const void *bytes, size_t count)
{
    const char *at = bytes;
    while (count > 0) {
        const ssize_t done = write(fd, at, count);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return false;
        }
        at += done;
        count -= (size_t) done;
    }
    return true;
}

bool write_file(const char *path, const void *bytes, size_t count, mode_t mode, uid_t uid, gid_t gid)
{
    char temporary[MAX_PATH];
    const int length = snprintf(temporary, sizeof temporary, "%s.banger-tmp", path);
    if (length < 0 || (size_t) length >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (unlink(temporary) != 0 && errno != ENOENT) {
        return false;
    }
    /* 0600 until it is complete: what is written may be a private key. O_EXCL: never through a link planted there. */
    const int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    bool ok = write_all(fd, bytes, count) && fchown(fd, uid, gid) == 0 && fchmod(fd, mode) == 0;
    int error = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (ok && rename(temporary, path) != 0) {
        ok = false;
        error = errno;
    }
    if (!ok) {
        (void) unlink(temporary);
        errno = error;
    }
    return ok;
}

bool make_directories(const char *path, mode_t mode)
{
    char part[MAX_PATH];
    const size_t length = strlen(path);
    if (length >= sizeof part) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != 0) {
            continue;
        }
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, mode) != 0 && errno != EEXIST) {
            return false;
        }
    }
    struct stat status;
    if (stat(path, &status) != 0) {
        return false;
    }
    if (!S_ISDIR(status.st_mode)) {
        errno = ENOTDIR;
        return false;
    }
    return true;
}

/* Owner, mode and times of one thing that was just made. chown first: it clears the set-id bits (chown(2)). */
static bool adopt(int directory, const char *name, const struct stat *status)
{
    const struct timespec times[2] = {status->st_atim, status->st_mtim};
    if (fchownat(directory, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) != 0) {
        return false;
    }
    if (!S_ISLNK(status->st_mode) && fchmodat(directory, name, status->st_mode & 07777, 0) != 0) {
        return false;
    }
    return utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool copy_bytes(int in, int out)
{
    char buffer[16384];
    for (;;) {
        const ssize_t got = read(in, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0;
        }
        if (!write_all(out, buffer, (size_t) got)) {
            return false;
        }
    }
}

/* Through a temporary name, so that a copy cut short by a power loss is made again and not taken for the file. */
static bool copy_file(int from, int to, const char *name, const struct stat *status)
{
    static const char temporary[] = ".banger-copy.tmp";
    const int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0) {
        return false;
    }
    (void) unlinkat(to, temporary, 0);
    const int out = openat(to, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok = out >= 0 && copy_bytes(in, out);
    if (out >= 0 && close(out) != 0) {
        ok = false;
    }
    (void) close(in);
    if (ok) {
        ok = adopt(to, temporary, status) && renameat(to, temporary, to, name) == 0;
    }
    if (!ok) {
        (void) unlinkat(to, temporary, 0);
    }
    return ok;
}

static bool copy_directory(int from, int to, const char *name, const struct stat *status, int depth)
{
    if (mkdirat(to, name, 0700) != 0 && errno != EEXIST) {
        return false;
    }
    const int inner_from = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const int inner_to = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool ok = inner_from >= 0 && inner_to >= 0 && copy_tree(inner_from, inner_to, depth + 1);
    if (inner_from >= 0) {
        (void) close(inner_from);
    }
    if (inner_to >= 0) {
        (void) close(inner_to);
    }
    return ok && adopt(to, name, status);
}

static bool copy_link(int from, int to, const char *name, const struct stat *status)
{
    char target[MAX_PATH];
    const ssize_t length = readlinkat(from, name, target, sizeof target - 1);
    if (length < 0) {
        return false;
    }
    target[length] = 0;
    return symlinkat(target, to, name) == 0 && adopt(to, name, status);
}

static bool copy_entry(int from, int to, const char *name, int depth)
{
    struct stat status;
    struct stat existing;
    if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT;
    }
    const bool there = fstatat(to, name, &existing, AT_SYMLINK_NOFOLLOW) == 0;
    if (S_ISDIR(status.st_mode)) {
        return (there && !S_ISDIR(existing.st_mode)) || copy_directory(from, to, name, &status, depth);
    }
    if (there) {
        return true;
    }
    if (S_ISREG(status.st_mode)) {
        return copy_file(from, to, name, &status);
    }
    if (S_ISLNK(status.st_mode)) {
        return copy_link(from, to, name, &status);
    }
    return mknodat(to, name, status.st_mode, status.st_rdev) == 0 && adopt(to, name, &status);
}

bool copy_tree(int from, int to, int depth)
{
    if (depth > 64) {
        errno = ELOOP;
        return false;
    }
    const int listed = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (listed < 0) {
        return false;
    }
    DIR *directory = fdopendir(listed);
    if (directory == NULL) {
        (void) close(listed);
        return false;
    }
    bool ok = true;
    int error = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL) {
            if (errno != 0) {
                ok = false;
                error = errno;
            }
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (!copy_entry(from, to, entry->d_name, depth) && ok) {
            ok = false;
            error = errno;
        }
    }
    (void) closedir(directory);
    errno = error;
    return ok;
}
