#include "client.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void fail(int status, const char *format, ...) {
    va_list arguments;
    terminal_restore();
    va_start(arguments, format);
    char text[4096];
    if (vsnprintf(text, sizeof text, format, arguments) < 0) {
        text[0] = '\0';
    }
    va_end(arguments);
    /* One write, so that messages of several clients do not mix. Nothing can be done where stderr is gone. */
    (void)dprintf(STDERR_FILENO, "banger: %s\n", text);
    exit(status);
}

bool show_tail(const char *path, int lines) {
    char bytes[8192];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > (off_t)sizeof bytes ? size - (off_t)sizeof bytes : 0;
    ssize_t got = size > 0 ? pread(fd, bytes, sizeof bytes, from) : 0;
    (void)close(fd);
    if (got <= 0) {
        return false;
    }
    size_t end = (size_t)got;
    while (end > 0 && bytes[end - 1] == '\n') {
        end--;
    }
    size_t start = end;
    for (int seen = 0; start > 0; start--) {
        if (bytes[start - 1] == '\n' && ++seen == lines) {
            break;
        }
    }
    if (end == 0) {
        return false;
    }
    /* A log may quote a guest: its bytes must not steer this terminal. */
    for (size_t i = start; i < end; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) {
            bytes[i] = '?';
        }
    }
    (void)dprintf(STDERR_FILENO, "Last lines of %s:\n", path);
    while (start < end) {
        const char *newline = memchr(bytes + start, '\n', end - start);
        size_t length = newline != NULL ? (size_t)(newline - (bytes + start)) : end - start;
        (void)dprintf(STDERR_FILENO, "  %.*s\n", (int)length, bytes + start);
        start += length + 1;
    }
    return true;
}

int64_t monotonic_ms(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        abort(); /* cannot happen on Linux */
    }
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void pause_ms(int64_t ms) {
    (void)poll(NULL, 0, (int)ms);
}
