#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void malformed(const char *what) {
    fail(STATUS_FAILED, "bangerd broke the protocol (BECOME: %s)", what);
}

/* execvp also says EACCES where it may not look into one of PATH's directories; a shell then says "not found". */
static bool is_in_path(const char *name) {
    const char *at = getenv("PATH");
    while (strchr(name, '/') == NULL && at != NULL) {
        char path[PATH_MAX];
        const char *end = strchrnul(at, ':');
        int length = snprintf(path, sizeof path, "%.*s/%s", (int)(end - at), at, name);
        if (length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0) {
            return true;
        }
        at = *end == ':' ? end + 1 : NULL;
    }
    return strchr(name, '/') != NULL;
}

void become(const uint8_t *payload, size_t length) {
    static char strings[FRAME_MAX_PAYLOAD];
    static char *arguments[FRAME_MAX_PAYLOAD / 5 + 1];
    size_t used = 0;
    size_t count = 0;
    struct field_reader reader;
    struct field field;
    field_reader_init(&reader, payload, length);
    while (field_next(&reader, &field)) {
        if (field.tag != FIELD_ARG && field.tag != FIELD_ENV) {
            continue;
        }
        char *string = strings + used; /* a field's header is longer than the NUL, so everything fits */
        if (!field_string(&field, string, sizeof strings - used)) {
            malformed("a NUL in a string");
        }
        used += field.length + 1;
        if (field.tag == FIELD_ARG) {
            arguments[count++] = string;
        } else if (strchr(string, '=') == NULL || putenv(string) != 0) {
            malformed("an ENV without =");
        }
    }
    if (reader.broken || count == 0) {
        malformed("no ARG, or no fields");
    }
    terminal_restore();
    signals_for_exec();
    (void)execvp(arguments[0], arguments);
    int error = errno;
    if (error == EACCES && !is_in_path(arguments[0])) {
        error = ENOENT;
    }
    int status = error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
    fail(status, "cannot run %s: %s", arguments[0], strerror(error));
}
