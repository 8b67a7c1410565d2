#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * bangerd as a systemd service: of the system where root installs it, else of the user. The unit is told apart from one that
 * somebody else wrote by its first line, and says for which run directory it is, so that a client with other places leaves it
 * alone.
 */
#define UNIT "bangerd.service"
#define MARK "# Written by \"banger system install\"; \"banger system uninstall\" removes it."
#define RUN_LINE "# run directory: "

enum { UNIT_BYTES = 16384 };

static bool is_root(void) {
    return geteuid() == 0;
}

static void unit_path(char path[PATH_MAX]) {
    const char *config = getenv("XDG_CONFIG_HOME");
    if (is_root()) {
        path_format(path, "/etc/systemd/system/" UNIT);
    } else if (config != NULL && config[0] == '/') {
        path_format(path, "%s/systemd/user/" UNIT, config);
    } else {
        const char *home = getenv("HOME");
        path_format(path, "%s/.config/systemd/user/" UNIT, home != NULL ? home : "");
    }
}

/* ---- the unit's text ---- */
struct text {
    char bytes[UNIT_BYTES];
    size_t length;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->bytes + text->length, sizeof text->bytes - text->length, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof text->bytes - text->length) {
        fail(STATUS_FAILED, "the unit would be too long");
    }
    text->length += (size_t)length;
}

/* In double quotes, as systemd.syntax(7) and systemd.service(5) want it; `command`: where $ means a variable. */
static void add_quoted(struct text *text, const char *value, bool command) {
    for (const char *at = value; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20) {
            fail(STATUS_FAILED, "a path with control characters cannot be in a unit: %s", value);
        }
        if (*at == '"' || *at == '\\') {
            add(text, "\\%c", *at);
        } else if (*at == '%' || (*at == '$' && command)) {
            add(text, "%c%c", *at, *at);
        } else {
            add(text, "%c", *at);
        }
    }
}

static void add_environment(struct text *text, const char *name, const char *value) {
    add(text, "Environment=\"%s=", name);
    add_quoted(text, value, false);
    add(text, "\"\n");
}

/* The places that this client has, so that the service has the same. */
static void add_places(struct text *text) {
    static const char *const names[] = {"XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"};
    const char *value = getenv("BANGER_HOME");
    if (value != NULL && value[0] != '\0') {
        add_environment(text, "BANGER_HOME", value);
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((value = getenv(names[i])) != NULL && value[0] == '/') {
            add_environment(text, names[i], value);
        }
    }
    if (is_root()) {
        add_environment(text, "HOME", getenv("HOME"));
        add_environment(text, "XDG_RUNTIME_DIR", "/run");
    }
    add(text,
        "RuntimeDirectory=banger\n"
        "RuntimeDirectoryMode=0700\n"
        "# A stop must not take away what finds running VMs.\n"
        "RuntimeDirectoryPreserve=yes\n");
}

static void add_start(struct text *text, const struct tree *tree) {
    add(text, "ExecStart=\"");
    add_quoted(text, tree->root, true);
    add(text, "/bin/bangerd\"\n");
}

static void unit_write(struct text *text, const struct tree *tree, const struct places *places) {
    text->length = 0;
    add(text,
        MARK "\n" RUN_LINE "%s\n"
             "[Unit]\n"
             "Description=banger, microVMs with one command\n"
             "StartLimitIntervalSec=60\n"
             "StartLimitBurst=20\n"
             "\n"
             "[Service]\n"
             "Type=notify\n"
             "NotifyAccess=main\n",
        places->run);
    add_start(text, tree);
    add(text,
        "# Ended by SIGTERM, a JVM says 143. With 75 another daemon has the lock.\n"
        "SuccessExitStatus=143\n"
        "RestartPreventExitStatus=75\n"
        "Restart=on-failure\n"
        "RestartSec=1\n"
        "TimeoutStartSec=90\n"
        "TimeoutStopSec=60\n"
        "# VMs are processes of this service and outlive it: nobody but the daemon is signalled, and nobody killed.\n"
        "KillMode=process\n"
        "SendSIGKILL=no\n"
        "OOMPolicy=continue\n"
        "TasksMax=infinity\n"
        "LimitNOFILE=524288\n"
        "UMask=0077\n");
    add_places(text);
    add(text, "\n[Install]\nWantedBy=%s\n", is_root() ? "multi-user.target" : "default.target");
}

/* ---- systemctl ---- */
static void require_systemd(void) {
    if (access("/run/systemd/system", F_OK) != 0) { /* sd_booted(3) */
        fail(STATUS_FAILED, "systemd does not run here, and that is what would run bangerd as a service; without it, "
                            "bangerd starts when the first command needs it");
    }
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (!is_root() && (runtime == NULL || runtime[0] != '/')) {
        fail(STATUS_FAILED, "XDG_RUNTIME_DIR is not set, so your systemd cannot be reached; log in as this user "
                            "(ssh, a console, machinectl shell), not through su or sudo");
    }
}

static _Noreturn void become_systemctl(const char *verb, const char *option, const char *unit) {
    const char *arguments[8];
    int count = 0;
    arguments[count++] = "systemctl";
    if (!is_root()) {
        arguments[count++] = "--user";
    }
    arguments[count++] = verb;
    if (option != NULL) {
        arguments[count++] = option;
    }
    if (unit != NULL) {
        arguments[count++] = unit;
    }
    arguments[count] = NULL;
    (void)execvp("systemctl", (char *const *)arguments);
    (void)dprintf(STDERR_FILENO, "banger: cannot run systemctl: %s\n", strerror(errno));
    _exit(STATUS_NOT_FOUND);
}

static int systemctl(const char *verb, const char *option, const char *unit) {
    int status;
    (void)fflush(stdout);
    pid_t child = fork();
    if (child < 0) {
        fail(STATUS_FAILED, "cannot run systemctl: fork: %s", strerror(errno));
    }
    if (child == 0) {
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
        become_systemctl(verb, option, unit);
    }
    while (waitpid(child, &status, 0) != child) {
        if (errno != EINTR) {
            fail(STATUS_FAILED, "cannot wait for systemctl: %s", strerror(errno));
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_SIGNAL + WTERMSIG(status);
}

static void require_systemctl(const char *verb, const char *option, const char *unit) {
    int status = systemctl(verb, option, unit);
    if (status != 0) {
        fail(STATUS_FAILED, "systemctl %s failed with status %d; look at: journalctl %s-u " UNIT " -n 50", verb, status,
             is_root() ? "" : "--user ");
    }
}

/* ---- the unit's file ---- */
enum unit { UNIT_NONE, UNIT_OURS, UNIT_FOREIGN };

/* What there is at the unit's path; its text in `text`. */
static enum unit unit_read(const char *path, struct text *text) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    text->length = 0;
    text->bytes[0] = '\0';
    if (fd < 0) {
        return errno == ENOENT ? UNIT_NONE : UNIT_FOREIGN;
    }
    ssize_t got;
    while ((got = read(fd, text->bytes + text->length, sizeof text->bytes - 1 - text->length)) > 0) {
        text->length += (size_t)got;
    }
    (void)close(fd);
    text->bytes[text->length] = '\0';
    return got == 0 && strncmp(text->bytes, MARK "\n", sizeof MARK) == 0 ? UNIT_OURS : UNIT_FOREIGN;
}

static _Noreturn void refuse_foreign(const char *path) {
    fail(STATUS_FAILED, "%s was not written by banger; move it away first", path);
}

static void make_parents(const char *path) {
    char partial[PATH_MAX];
    path_format(partial, "%s", path);
    for (char *slash = strchr(partial + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(partial, 0755) != 0 && errno != EEXIST) {
            fail(STATUS_FAILED, "cannot create the directory %s: %s", partial, strerror(errno));
        }
        *slash = '/';
    }
}

/* Whole or not at all. */
static void unit_publish(const char *path, const struct text *text) {
    char unfinished[PATH_MAX];
    path_format(unfinished, "%s.%d.tmp", path, (int)getpid());
    make_parents(path);
    int fd = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        fail(STATUS_FAILED, "cannot write %s: %s", unfinished, strerror(errno));
    }
    bool written = fchmod(fd, 0644) == 0 && write(fd, text->bytes, text->length) == (ssize_t)text->length && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 || !written || rename(unfinished, path) != 0) {
        error = written ? errno : error;
        (void)unlink(unfinished);
        fail(STATUS_FAILED, "cannot write %s: %s", path, strerror(error));
    }
}

bool system_runs_daemon(const struct tree *tree, const struct places *places) {
    static struct text text;
    static struct text start;
    char path[PATH_MAX];
    char wanted[PATH_MAX + sizeof RUN_LINE + 2];
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    unit_path(path);
    if (unit_read(path, &text) != UNIT_OURS || access("/run/systemd/system", F_OK) != 0) {
        return false;
    }
    if (!is_root()) { /* where there is no way to the user's systemd, the daemon can be started all the same */
        char socket[PATH_MAX];
        path_format(socket, "%s/systemd/private", runtime != NULL ? runtime : "");
        if (access(socket, F_OK) != 0) {
            return false;
        }
    }
    (void)snprintf(wanted, sizeof wanted, "\n" RUN_LINE "%s\n", places->run);
    start.length = 0;
    add_start(&start, tree);
    return strstr(text.bytes, wanted) != NULL && strstr(text.bytes, start.bytes) != NULL;
}

_Noreturn void system_become_start(void) {
    become_systemctl("start", "--no-ask-password", UNIT);
}

/* ---- the commands ---- */
static _Noreturn void leave(void) {
    if (fflush(stdout) != 0) {
        fail(STATUS_FAILED, "cannot write to standard output: %s", strerror(errno));
    }
    exit(EXIT_SUCCESS);
}

static void say_lingering(void) {
    const char *user = getenv("USER");
    char path[PATH_MAX];
    if (is_root() || user == NULL || strchr(user, '/') != NULL) {
        return;
    }
    path_format(path, "/var/lib/systemd/linger/%s", user);
    if (access(path, F_OK) != 0) {
        (void)printf("Your systemd ends when you log out, and the VMs with it; to keep them: loginctl enable-linger\n");
    }
}

/* root's service has a place that does not depend on who logs in how; clients look there first. */
static void service_places(struct places *places) {
    const char *home = getenv("BANGER_HOME");
    if (is_root() && (home == NULL || home[0] == '\0')) {
        path_format(places->run, ROOT_RUN);
    }
}

static _Noreturn void install(const struct tree *tree, struct places *places, struct connection *connection) {
    static struct text text;
    static struct text old;
    char path[PATH_MAX];
    require_systemd();
    unit_path(path);
    if (unit_read(path, &old) == UNIT_FOREIGN) {
        refuse_foreign(path);
    }
    /* One that runs without systemd makes way; with it, restarting does. */
    if (!system_runs_daemon(tree, places) && daemon_connect(tree, places, connection)) {
        daemon_stop(places, connection);
    }
    service_places(places);
    unit_write(&text, tree, places);
    unit_publish(path, &text);
    require_systemctl("daemon-reload", NULL, NULL);
    require_systemctl("enable", NULL, UNIT);
    require_systemctl("restart", NULL, UNIT);
    if (!daemon_connect(tree, places, connection)) {
        fail(STATUS_FAILED, "the service runs, but does not answer in %s; look at: journalctl %s-u " UNIT, places->run,
             is_root() ? "" : "--user ");
    }
    (void)printf("bangerd runs as a service: %s\n", path);
    say_lingering();
    leave();
}

static _Noreturn void restart(const struct tree *tree, struct places *places, struct connection *connection) {
    static struct text text;
    char path[PATH_MAX];
    unit_path(path);
    if (unit_read(path, &text) != UNIT_OURS) {
        fail(STATUS_FAILED, "bangerd is not installed as a service; \"banger system install\" does that, and \"banger "
                            "daemon restart\" restarts it without");
    }
    require_systemd();
    require_systemctl("restart", NULL, UNIT);
    service_places(places);
    if (!daemon_connect(tree, places, connection)) {
        fail(STATUS_FAILED, "the service runs, but does not answer in %s", places->run);
    }
    (void)printf("bangerd runs as pid %u; VMs were not touched\n", connection->daemon_pid);
    leave();
}

static _Noreturn void show_status(void) {
    static struct text text;
    char path[PATH_MAX];
    unit_path(path);
    if (unit_read(path, &text) != UNIT_OURS) {
        (void)printf("bangerd is not installed as a service\n");
        (void)fflush(stdout);
        exit(STATUS_NOT_RUNNING);
    }
    require_systemd();
    become_systemctl("status", "--no-pager", UNIT);
}

static _Noreturn void uninstall(void) {
    static struct text text;
    char path[PATH_MAX];
    unit_path(path);
    switch (unit_read(path, &text)) {
    case UNIT_NONE:
        (void)printf("bangerd is not installed as a service\n");
        leave();
    case UNIT_FOREIGN:
        refuse_foreign(path);
    case UNIT_OURS:
        break;
    }
    require_systemd();
    require_systemctl("disable", "--now", UNIT);
    (void)systemctl("clean", "--what=runtime", UNIT); /* the run directory goes, so that clients do not look there */
    if (unlink(path) != 0 && errno != ENOENT) {
        fail(STATUS_FAILED, "cannot remove %s: %s", path, strerror(errno));
    }
    require_systemctl("daemon-reload", NULL, NULL);
    (void)printf("bangerd is no service any more; VMs live on, and the next command starts it as before\n");
    leave();
}

void system_command(int count, char **arguments, const struct tree *tree, struct places *places,
                    struct connection *connection) {
    static struct text text;
    if (count != 2 || strcmp(arguments[0], "system") != 0) {
        if (count == 3 && strcmp(arguments[0], "system") == 0 && strcmp(arguments[1], "install") == 0
            && strcmp(arguments[2], "--print") == 0) {
            service_places(places);
            unit_write(&text, tree, places);
            (void)fputs(text.bytes, stdout);
            leave();
        }
        return;
    }
    if (strcmp(arguments[1], "install") == 0) {
        install(tree, places, connection);
    } else if (strcmp(arguments[1], "restart") == 0) {
        restart(tree, places, connection);
    } else if (strcmp(arguments[1], "status") == 0) {
        show_status();
    } else if (strcmp(arguments[1], "uninstall") == 0) {
        uninstall();
    }
}
