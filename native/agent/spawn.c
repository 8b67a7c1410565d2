#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#define MAX_ARGUMENTS 16384
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum failed_step { STEP_NONE, STEP_SETUP, STEP_USER, STEP_DIRECTORY, STEP_PROGRAM };

/* What the child needs, made ready before: it shares this memory and does little more than system calls. */
static struct {
    char text[FRAME_MAX_PAYLOAD + 1]; /* the fields' strings, each with its NUL: one byte less than its field header */
    size_t text_length;
    char *arguments[MAX_ARGUMENTS + 3];
    size_t argument_count;
    char *environment[MAX_ARGUMENTS + 8];
    size_t environment_count;
    const char *directory;
    bool directory_given;
    struct account account;
    gid_t groups[64];
    size_t group_count;
    struct winsize size;
    bool pty;
    char extra[6][MAX_PATH + 16];
    size_t extra_count;
    /* The child's answer. It is read when vfork(2) lets the parent go on: after exec or _exit. */
    const char *program; /* what is executed; arguments[0] is what it is called */
    char login_name[128];
    volatile enum failed_step step;
    volatile int error;
} request;

static char accounts[262144];

static char *keep(const struct field *field)
{
    if (memchr(field->value, 0, field->length) != NULL || field->length >= sizeof request.text - request.text_length) {
        return NULL;
    }
    char *kept = request.text + request.text_length;
    memcpy(kept, field->value, field->length);
    kept[field->length] = 0;
    request.text_length += field->length + 1;
    return kept;
}

static const char *environment_value(const char *name)
{
    const size_t length = strlen(name);
    for (size_t i = 0; i < request.environment_count; i++) {
        if (strncmp(request.environment[i], name, length) == 0 && request.environment[i][length] == '=') {
            return request.environment[i] + length + 1;
        }
    }
    return NULL;
}

static void default_environment(const char *name, const char *value)
{
    if (environment_value(name) == NULL) {
        char *text = request.extra[request.extra_count++];
        (void) snprintf(text, sizeof request.extra[0], "%s=%s", name, value);
        request.environment[request.environment_count++] = text;
    }
}

static bool read_request(const uint8_t *payload, size_t length, char *user, size_t user_capacity, struct outcome *outcome)
{
    struct field_reader reader;
    struct field field;
    uint8_t tty = 0;
    bool ok = true;
    request.text_length = request.argument_count = request.environment_count = request.extra_count = 0;
    request.directory = NULL;
    memset(&request.size, 0, sizeof request.size);
    (void) snprintf(user, user_capacity, "0");
    field_reader_init(&reader, payload, length);
    while (ok && field_next(&reader, &field)) {
        char *kept = NULL;
        switch (field.tag) {
        case FIELD_ARG:
            kept = keep(&field);
            ok = kept != NULL && request.argument_count < MAX_ARGUMENTS;
            if (ok) {
                request.arguments[request.argument_count++] = kept;
            }
            break;
        case FIELD_ENV:
            kept = keep(&field);
            ok = kept != NULL && request.environment_count < MAX_ARGUMENTS && strchr(kept, '=') != NULL && *kept != '=';
            if (ok) {
                request.environment[request.environment_count++] = kept;
            }
            break;
        case FIELD_CWD:
            kept = keep(&field);
            request.directory = kept;
            ok = kept != NULL;
            break;
        case FIELD_USER:
            ok = field_string(&field, user, user_capacity) && *user != 0;
            break;
        case FIELD_TTY:
            ok = field_u8(&field, &tty);
            break;
        case FIELD_ROWS:
            ok = field_u16(&field, &request.size.ws_row);
            break;
        case FIELD_COLS:
            ok = field_u16(&field, &request.size.ws_col);
            break;
        default:
            break;
        }
    }
    if (!ok || reader.broken || (request.argument_count > 0 && request.arguments[0][0] == 0)) {
        fail(outcome, "INVALID_ARGUMENT", "the fields of EXEC are malformed or name no program");
        return false;
    }
    request.pty = (tty & 1) != 0;
    request.directory_given = request.directory != NULL && *request.directory != 0;
    return true;
}

/* passwd(5) and group(5) are read here: glibc's functions would load NSS modules, which a static program cannot. */
static bool find_account(const char *user, struct outcome *outcome)
{
    const bool read = read_file("/etc/passwd", accounts, sizeof accounts) >= 0;
    uint32_t id;
    if (!read || !passwd_find(accounts, user, &request.account)) {
        /* A bare container image may have no passwd at all; a uid needs no name (but then it has only its group). */
        if (strcmp(user, "root") != 0 && !parse_u32(user, &id)) {
            fail(outcome, "USER_NOT_FOUND", "there is no user %s in the guest's /etc/passwd", user);
            return false;
        }
        id = strcmp(user, "root") == 0 ? 0 : id;
        request.account.uid = id;
        request.account.gid = id;
        (void) snprintf(request.account.name, sizeof request.account.name, "%s", id == 0 ? "root" : user);
        (void) snprintf(request.account.home, sizeof request.account.home, "%s", id == 0 ? "/root" : "/");
        request.account.shell[0] = 0;
    }
    if (request.account.shell[0] == 0) {
        (void) snprintf(request.account.shell, sizeof request.account.shell, "/bin/sh");
    }
    if (read_file("/etc/group", accounts, sizeof accounts) < 0) {
        accounts[0] = 0;
    }
    request.group_count = group_list(accounts, request.account.name, request.account.gid, request.groups,
        sizeof request.groups / sizeof request.groups[0]);
    return true;
}

static void finish_request(void)
{
    struct stat status;
    default_environment("PATH", DEFAULT_PATH);
    default_environment("HOME", request.account.home);
    default_environment("USER", request.account.name);
    default_environment("LOGNAME", request.account.name);
    default_environment("SHELL", request.account.shell);
    if (request.pty) {
        default_environment("TERM", "xterm");
    }
    if (request.argument_count == 0) {
        /* login(1): a name that begins with a hyphen makes it a login shell. */
        const char *slash = strrchr(request.account.shell, '/');
        (void) snprintf(request.login_name, sizeof request.login_name, "-%s", slash != NULL ? slash + 1 : request.account.shell);
        request.arguments[request.argument_count++] = request.login_name;
        request.program = request.account.shell;
    } else {
        request.program = request.arguments[0];
    }
    request.environment[request.environment_count] = NULL;
    request.arguments[request.argument_count] = NULL;
    if (!request.directory_given) {
        const char *home = environment_value("HOME");
        request.directory = home != NULL && stat(home, &status) == 0 && S_ISDIR(status.st_mode) ? home : "/";
    }
}

/* ---- in the child: the parent stands still and shares the memory (vfork(2)), so only `request` is written ---- */

static void refuse(enum failed_step step, int error) __attribute__((noreturn));

static void refuse(enum failed_step step, int error)
{
    request.step = step;
    request.error = error;
    _exit(127);
}

/* execvp(3)'s rule for a file without a known format: it is a shell script. */
static void execute(const char *path)
{
    (void) execve(path, request.arguments, request.environment);
    if (errno == ENOEXEC) {
        static char *script[MAX_ARGUMENTS + 3];
        script[0] = "/bin/sh";
        script[1] = (char *) path;
        memcpy(script + 2, request.arguments + 1, request.argument_count * sizeof script[0]);
        (void) execve(script[0], script, request.environment);
        errno = ENOEXEC;
    }
}

static void find_and_execute(void) __attribute__((noreturn));

static void find_and_execute(void)
{
    const char *name = request.program;
    int worst = ENOENT;
    if (strchr(name, '/') != NULL) {
        execute(name);
        refuse(STEP_PROGRAM, errno);
    }
    static char path[MAX_PATH];
    for (const char *at = environment_value("PATH"); at != NULL;) {
        const size_t length = strcspn(at, ":");
        const int written = length == 0 ? snprintf(path, sizeof path, "./%s", name)
                                        : snprintf(path, sizeof path, "%.*s/%s", (int) length, at, name);
        if (written > 0 && (size_t) written < sizeof path) {
            execute(path);
            if (errno != ENOENT && errno != ENOTDIR) {
                worst = errno;
            }
        }
        at = at[length] == 0 ? NULL : at + length + 1;
    }
    refuse(STEP_PROGRAM, worst);
}

static void become_user(void)
{
    /* Raw system calls: glibc's wrappers would signal other threads through memory that is shared with the parent. */
    if (syscall(SYS_setgroups, request.group_count, request.groups) != 0
        || syscall(SYS_setresgid, request.account.gid, request.account.gid, request.account.gid) != 0
        || syscall(SYS_setresuid, request.account.uid, request.account.uid, request.account.uid) != 0) {
        refuse(STEP_USER, errno);
    }
}

static void child(const int fds[3], int terminal) __attribute__((noreturn));

static void child(const int fds[3], int terminal)
{
    struct sigaction standard;
    sigset_t none;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    (void) sigaction(SIGPIPE, &standard, NULL);
    (void) sigaction(SIGHUP, &standard, NULL);
    (void) sigemptyset(&none);
    if (setsid() < 0 || (terminal >= 0 && ioctl(terminal, TIOCSCTTY, 0) != 0)) {
        refuse(STEP_SETUP, errno);
    }
    for (int i = 0; i < 3; i++) {
        if (dup2(fds[i], i) < 0) {
            refuse(STEP_SETUP, errno);
        }
    }
    /* The agent itself is not to be killed when memory runs out; what it starts is. */
    const int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0) {
        (void) !write(score, "0", 1); /* as it is then: the process runs all the same */
        (void) close(score);
    }
    const struct rlimit files = {1024, 524288}; /* what systemd gives services (systemd-system.conf(5)) */
    (void) setrlimit(RLIMIT_NOFILE, &files);
    become_user();
    if (chdir(request.directory) != 0 && (request.directory_given || chdir("/") != 0)) {
        refuse(STEP_DIRECTORY, errno);
    }
    (void) umask(022);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
    find_and_execute();
}

/* ---- pipes and terminals ---- */

static void close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i] >= 0) {
            (void) close(fds[i]);
        }
        fds[i] = -1;
    }
}

/* ours[0] writes to the process, ours[1] and ours[2] read from it; theirs[] are its 0, 1 and 2. */
static bool make_pipes(int ours[3], int theirs[3])
{
    for (int i = 0; i < 3; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) {
            return false;
        }
        ours[i] = ends[i == 0 ? 1 : 0];
        theirs[i] = ends[i == 0 ? 0 : 1];
        if (fcntl(ours[i], F_SETFL, O_NONBLOCK) != 0) {
            return false;
        }
    }
    return true;
}

static bool make_terminal(int ours[3], int theirs[3])
{
    char path[64];
    unsigned number;
    int unlock = 0;
    ours[1] = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (ours[1] < 0 || ioctl(ours[1], TIOCSPTLCK, &unlock) != 0 || ioctl(ours[1], TIOCGPTN, &number) != 0) {
        return false;
    }
    (void) snprintf(path, sizeof path, "/dev/pts/%u", number);
    theirs[0] = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    ours[0] = fcntl(ours[1], F_DUPFD_CLOEXEC, 3);
    if (theirs[0] < 0 || ours[0] < 0) {
        return false;
    }
    /* pts(4): the group tty and 0620 come from the mount; the owner is whoever uses it. */
    (void) fchown(theirs[0], request.account.uid, (gid_t) -1);
    return request.size.ws_row == 0 || ioctl(theirs[0], TIOCSWINSZ, &request.size) == 0;
}

static void explain(struct outcome *outcome)
{
    const char *name = request.program;
    const char *why = strerror(request.error);
    switch (request.step) {
    case STEP_USER:
        fail(outcome, "INTERNAL", "cannot become the user %s: %s", request.account.name, why);
        break;
    case STEP_DIRECTORY:
        fail(outcome, "DIRECTORY_NOT_FOUND", "cannot enter %s in the guest: %s", request.directory, why);
        break;
    case STEP_PROGRAM:
        if (request.error == ENOENT || request.error == ENOTDIR) {
            fail(outcome, "COMMAND_NOT_FOUND", "%.180s: command not found in the guest", name);
        } else {
            fail(outcome, "COMMAND_NOT_EXECUTABLE", "%.160s cannot be executed in the guest: %s", name, why);
        }
        break;
    case STEP_SETUP:
    case STEP_NONE:
        fail(outcome, "INTERNAL", "cannot prepare the process in the guest: %s", why);
        break;
    }
}

bool spawn_exec(const uint8_t *payload, size_t length, bool *pty, struct spawned *spawned, struct outcome *outcome)
{
    char user[MAX_NAME];
    int ours[3] = {-1, -1, -1};
    int theirs[3] = {-1, -1, -1};
    outcome->code = NULL;
    if (!read_request(payload, length, user, sizeof user, outcome) || !find_account(user, outcome)) {
        return false;
    }
    finish_request();
    const bool ready = request.pty ? make_terminal(ours, theirs) : make_pipes(ours, theirs);
    if (!ready) {
        fail(outcome, "RESOURCE_EXHAUSTED", "cannot make a %s in the guest: %s", request.pty ? "terminal" : "pipe", strerror(errno));
        close_all(ours, 3);
        close_all(theirs, 3);
        return false;
    }
    const int terminal = request.pty ? theirs[0] : -1;
    const int fds[3] = {theirs[0], request.pty ? theirs[0] : theirs[1], request.pty ? theirs[0] : theirs[2]};
    request.step = STEP_NONE;
    request.error = 0;
    /* vfork: under emulation copying page tables and faulting pages in again is most of what a fork costs. */
    const pid_t pid = vfork();
    if (pid == 0) {
        child(fds, terminal);
    }
    const int fork_error = errno;
    close_all(theirs, 3);
    if (pid < 0 || request.step != STEP_NONE) {
        if (pid < 0) {
            fail(outcome, "RESOURCE_EXHAUSTED", "cannot start a process in the guest: %s", strerror(fork_error));
        } else {
            explain(outcome); /* the child is reaped like every other */
        }
        close_all(ours, 3);
        return false;
    }
    *pty = request.pty;
    spawned->pid = pid;
    spawned->in = ours[0];
    spawned->out = ours[1];
    spawned->err = ours[2];
    return true;
}

pid_t spawn_worker(struct spawned *spawned)
{
    int ours[3] = {-1, -1, -1};
    int theirs[3] = {-1, -1, -1};
    pid_t pid = -1;
    if (make_pipes(ours, theirs)) {
        pid = fork();
    }
    if (pid == 0) {
        sigset_t none;
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) signal(SIGHUP, SIG_DFL);
        (void) setsid();
        for (int i = 0; i < 3; i++) {
            if (dup2(theirs[i], i) < 0) {
                _exit(127);
            }
        }
        if (close_range(3, ~0U, 0) != 0) {
            _exit(127);
        }
        return 0;
    }
    const int error = errno;
    close_all(theirs, 3);
    if (pid < 0) {
        close_all(ours, 3);
    }
    spawned->pid = pid;
    spawned->in = ours[0];
    spawned->out = ours[1];
    spawned->err = ours[2];
    errno = error;
    return pid;
}
