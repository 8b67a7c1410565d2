#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void path_format(char out[PATH_MAX], const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(out, PATH_MAX, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= PATH_MAX) {
        fail(STATUS_FAILED, "a path is too long: %.200s...", out);
    }
}

/* One line of text without its newline; false where the file is missing, empty or too long. */
static bool read_line(const char *path, char *out, size_t capacity) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t length = read(fd, out, capacity - 1);
    (void)close(fd);
    if (length <= 0) {
        return false;
    }
    out[length] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return out[0] != '\0';
}

void tree_find(struct tree *tree) {
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", tree->root, sizeof tree->root - 1);
    if (length < 0) {
        fail(STATUS_FAILED, "cannot tell where this program lies (/proc/self/exe: %s); is /proc mounted?",
             strerror(errno));
    }
    tree->root[length] = '\0';
    for (int level = 0; level < 2; level++) { /* ROOT/bin/banger */
        char *slash = strrchr(tree->root, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
    }
    path_format(path, "%s/lib/build-id", tree->root);
    if (!read_line(path, tree->build, sizeof tree->build)) {
        fail(STATUS_FAILED, "this installation is incomplete: cannot read %s; build or install banger again", path);
    }
    path_format(path, "%s/lib/version", tree->root);
    if (!read_line(path, tree->version, sizeof tree->version)) {
        (void)snprintf(tree->version, sizeof tree->version, "unknown");
    }
}

static const char *environment(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static void set_environment(const char *name, const char *value) {
    if (setenv(name, value, 1) != 0) {
        fail(STATUS_FAILED, "cannot set %s: %s", name, strerror(errno));
    }
}

/* HOME, or what the password file says. No getpwuid: in a static program it needs the C library's shared one. */
static void require_home(void) {
    if (environment("HOME") != NULL) {
        return;
    }
    FILE *passwd = fopen("/etc/passwd", "re");
    struct passwd *entry = NULL;
    while (passwd != NULL && (entry = fgetpwent(passwd)) != NULL && entry->pw_uid != geteuid()) {
    }
    if (entry == NULL) {
        fail(STATUS_FAILED, "HOME is not set and uid %u is not in /etc/passwd; set HOME or BANGER_HOME", geteuid());
    }
    set_environment("HOME", entry->pw_dir);
    (void)fclose(passwd);
}

static bool own_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid();
}

void places_find(struct places *places) {
    const char *home = environment("BANGER_HOME");
    if (home != NULL) {
        if (home[0] != '/') {
            char absolute[PATH_MAX];
            char current[PATH_MAX];
            if (getcwd(current, sizeof current) == NULL) {
                fail(STATUS_FAILED, "BANGER_HOME=%s is relative and the current directory is gone: %s", home,
                     strerror(errno));
            }
            path_format(absolute, "%s/%s", current, home);
            set_environment("BANGER_HOME", absolute);
            home = environment("BANGER_HOME");
        }
        path_format(places->run, "%s/run", home);
        path_format(places->state, "%s/state", home);
        return;
    }
    require_home();
    const char *state = environment("XDG_STATE_HOME");
    if (state != NULL && state[0] == '/') { /* the specification says that relative paths are to be ignored */
        path_format(places->state, "%s/banger", state);
    } else {
        path_format(places->state, "%s/.local/state/banger", environment("HOME"));
    }
    if (geteuid() == 0 && own_directory(ROOT_RUN)) { /* there while systemd runs the daemon */
        set_environment("XDG_RUNTIME_DIR", "/run");
    }
    const char *runtime = environment("XDG_RUNTIME_DIR");
    if (runtime != NULL && runtime[0] == '/' && own_directory(runtime)) {
        path_format(places->run, "%s/banger", runtime);
    } else {
        (void)unsetenv("XDG_RUNTIME_DIR");
        path_format(places->run, "%s/run", places->state);
    }
}

bool directory_is_own(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid()
        && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool directory_is_private(const char *path, bool follow) {
    struct stat status;
    if ((follow ? stat(path, &status) : lstat(path, &status)) != 0) {
        if (errno == ENOENT) {
            return false;
        }
        fail(STATUS_FAILED, "cannot look at %s: %s", path, strerror(errno));
    }
    if (!S_ISDIR(status.st_mode)) {
        fail(STATUS_FAILED, "%s is not a directory; move it away", path);
    }
    if (status.st_uid != geteuid()) {
        fail(STATUS_FAILED, "%s belongs to uid %u, not to you (uid %u); set BANGER_HOME to a directory of your own",
             path, status.st_uid, geteuid());
    }
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        fail(STATUS_FAILED, "others may write to %s; close it with: chmod go-w '%s'", path, path);
    }
    return true;
}

static void make_directories(const char *path) {
    char partial[PATH_MAX];
    path_format(partial, "%s", path);
    for (char *slash = partial + 1;; slash++) {
        slash = strchrnul(slash, '/');
        char kept = *slash;
        *slash = '\0';
        if (mkdir(partial, 0700) != 0 && errno != EEXIST) {
            fail(STATUS_FAILED, "cannot create the directory %s: %s", partial, strerror(errno));
        }
        if (kept == '\0') {
            return;
        }
        *slash = kept;
    }
}

void places_make(const struct places *places) {
    const char *home = environment("BANGER_HOME");
    make_directories(places->run);
    make_directories(places->state);
    if (home != NULL) {
        (void)directory_is_private(home, true);
    }
    (void)directory_is_private(places->state, true);
    (void)directory_is_private(places->run, false);
}
