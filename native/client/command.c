#include "client.h"

#include <string.h>
#include <unistd.h>

static bool is_forwarded(const char *variable) {
    static const char *const names[] = {"HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "TZ", "TERM", "COLORTERM",
                                        "NO_COLOR", "EDITOR", "VISUAL", "PAGER", "SSH_AUTH_SOCK", "DISPLAY"};
    static const char *const prefixes[] = {"LC_", "XDG_", "BANGER_"};
    size_t length = strcspn(variable, "=");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i]) == length && memcmp(names[i], variable, length) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* `-e NAME` and `--env NAME` of `vm exec` and `vm run` mean the caller's variable; which of them, the daemon decides. */
static bool is_asked_for(const char *variable, int count, char **arguments) {
    size_t length = strcspn(variable, "=");
    for (int i = 0; i < count; i++) {
        const char *name = arguments[i];
        if (strcmp(name, "-e") == 0 || strcmp(name, "--env") == 0) {
            name = i + 1 < count ? arguments[i + 1] : "";
        } else if (strncmp(name, "--env=", 6) == 0) {
            name += 6;
        } else {
            continue;
        }
        if (strlen(name) == length && memcmp(name, variable, length) == 0) {
            return true;
        }
    }
    return false;
}

void command_write(struct frame_writer *writer, int count, char **arguments) {
    char directory[PATH_MAX];
    uint16_t rows;
    uint16_t columns;
    unsigned tty = 0;
    tty |= isatty(STDIN_FILENO) ? FRAME_TTY_STDIN : 0;
    tty |= isatty(STDOUT_FILENO) ? FRAME_TTY_STDOUT : 0;
    tty |= isatty(STDERR_FILENO) ? FRAME_TTY_STDERR : 0;
    frame_begin(writer, FRAME_COMMAND, 0);
    for (int i = 0; i < count; i++) {
        frame_field_string(writer, FIELD_ARG, arguments[i]);
    }
    for (char **variable = environ; *variable != NULL; variable++) {
        if (is_forwarded(*variable) || is_asked_for(*variable, count, arguments)) {
            frame_field_string(writer, FIELD_ENV, *variable);
        }
    }
    if (getcwd(directory, sizeof directory) != NULL) { /* a deleted one has no name */
        frame_field_string(writer, FIELD_CWD, directory);
    }
    frame_field_u8(writer, FIELD_TTY, (uint8_t)tty);
    if (terminal_size(&rows, &columns)) {
        frame_field_u16(writer, FIELD_ROWS, rows);
        frame_field_u16(writer, FIELD_COLS, columns);
    }
    if (!frame_end(writer)) {
        fail(STATUS_FAILED, "the command line and environment are too long: at most %u bytes", FRAME_MAX_PAYLOAD);
    }
}
