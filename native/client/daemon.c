#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKET_NAME "bangerd.sock"

enum {
    START_DEADLINE_MS = 120000, /* longer than a unit of systemd lets it take */
    HELLO_DEADLINE_MS = 15000,
    STOP_DEADLINE_MS = 20000,
    RETRY_MS = 5,
    RESPAWN_MS = 200,
    TAIL_LINES = 20,
    REPLACEMENTS = 3,
    /* sysexits.h EX_TEMPFAIL: bangerd says so when another one holds its lock. */
    BANGERD_ALREADY_RUNS = 75,
};

/* A socket's address holds 107 bytes; a longer path goes through an open descriptor of its directory. */
static int connect_in(const char *run) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int directory = -1;
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/" SOCKET_NAME, run);
    if (length < 0 || (size_t)length >= sizeof address.sun_path) {
        directory = open(run, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (directory < 0) {
            return -1;
        }
        (void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" SOCKET_NAME, directory);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        fail(STATUS_FAILED, "cannot make a socket: %s", strerror(errno));
    }
    int result = connect(fd, (const struct sockaddr *)&address, sizeof address);
    int error = errno;
    if (directory >= 0) {
        (void)close(directory);
    }
    if (result != 0) {
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* A connected socket or -1 where no daemon listens. Waits while the daemon's backlog is full. */
static int try_connect(const struct places *places, int64_t deadline) {
    for (;;) {
        int fd = connect_in(places->run);
        if (fd >= 0) {
            struct ucred peer;
            socklen_t size = sizeof peer;
            if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != geteuid()) {
                fail(STATUS_FAILED,
                     "the socket %s/" SOCKET_NAME " belongs to another user; set BANGER_HOME to a directory of your own",
                     places->run);
            }
            return fd;
        }
        if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) {
            return -1;
        }
        if (errno != EAGAIN && errno != EINTR) {
            fail(STATUS_FAILED, "cannot connect to %s/" SOCKET_NAME ": %s", places->run, strerror(errno));
        }
        if (monotonic_ms() > deadline) {
            fail(STATUS_FAILED, "bangerd takes no connections; its log: %s/bangerd.log", places->state);
        }
        pause_ms(RETRY_MS);
    }
}

/* ---- talking before the session ---- */
static bool send_all(int fd, const uint8_t *bytes, size_t count, int64_t deadline) {
    while (count > 0) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
        if (sent > 0) {
            bytes += sent;
            count -= (size_t)sent;
        } else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            return false;
        } else {
            int64_t left = deadline - monotonic_ms();
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            if (left <= 0 || (poll(&wait, 1, (int)left) < 0 && errno != EINTR)) {
                return false;
            }
        }
    }
    return true;
}

enum receipt { RECEIVED, CLOSED, LATE };

/* Reads the next frame. */
static enum receipt receive(struct connection *connection, struct frame *frame, int64_t deadline) {
    for (;;) {
        switch (frame_parser_next(&connection->parser, frame)) {
        case FRAME_TAKEN:
            return RECEIVED;
        case FRAME_BROKEN:
            fail(STATUS_FAILED, "bangerd does not speak banger's protocol (%s); stop it with: kill %u",
                 connection->parser.error, connection->daemon_pid);
        case FRAME_INCOMPLETE:
            break;
        }
        uint8_t *at;
        size_t space = frame_parser_space(&connection->parser, &at);
        ssize_t got = recv(connection->fd, at, space, 0);
        if (got > 0) {
            frame_parser_filled(&connection->parser, (size_t)got);
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            return CLOSED;
        } else {
            int64_t left = deadline - monotonic_ms();
            struct pollfd wait = {.fd = connection->fd, .events = POLLIN};
            if (left <= 0) {
                return LATE;
            }
            if (poll(&wait, 1, (int)left) < 0 && errno != EINTR) {
                fail(STATUS_FAILED, "poll: %s", strerror(errno));
            }
        }
    }
}

static _Noreturn void report_hanging(const struct places *places, const struct connection *connection,
                                     const char *what) {
    fail(STATUS_FAILED, "bangerd (pid %u) does not %s; its log: %s/bangerd.log; end it with: kill -9 %u (VMs live on)",
         connection->daemon_pid, what, places->state, connection->daemon_pid);
}

/* False where the connection closed: the daemon was just ending. */
static bool exchange_hello(const struct tree *tree, const struct places *places, struct connection *connection) {
    static uint8_t buffer[FRAME_MAX];
    uint8_t out[512];
    struct frame_writer writer;
    struct frame frame;
    int64_t deadline = monotonic_ms() + HELLO_DEADLINE_MS;
    struct ucred peer;
    socklen_t size = sizeof peer;
    bool known = getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
    connection->daemon_pid = known ? (uint32_t)peer.pid : 0;
    frame_parser_init(&connection->parser, buffer, sizeof buffer);
    frame_writer_init(&writer, out, sizeof out);
    frame_begin(&writer, FRAME_HELLO, 0);
    frame_field_u32(&writer, FIELD_VERSION, FRAME_VERSION);
    frame_field_string(&writer, FIELD_BUILD, tree->build);
    frame_field_u32(&writer, FIELD_PID, (uint32_t)getpid());
    if (!frame_end(&writer) || !send_all(connection->fd, out, writer.length, deadline)) {
        return false;
    }
    switch (receive(connection, &frame, deadline)) {
    case RECEIVED:
        break;
    case CLOSED:
        return false;
    case LATE:
        if (connection->tolerant) {
            return false;
        }
        report_hanging(places, connection, "answer");
    }
    struct field field;
    if (frame.type == FRAME_ERROR) {
        char text[2048] = "";
        if (field_find(frame.payload, frame.length, FIELD_MESSAGE, &field)) {
            (void)field_string(&field, text, sizeof text);
        }
        fail(STATUS_FAILED, "bangerd refuses the connection: %s", text);
    }
    if (frame.type != FRAME_HELLO || frame.channel != 0 || !field_find(frame.payload, frame.length, FIELD_BUILD, &field)
        || !field_string(&field, connection->build, sizeof connection->build)) {
        fail(STATUS_FAILED, "bangerd does not greet as it should; stop it with: kill %u", connection->daemon_pid);
    }
    if (field_find(frame.payload, frame.length, FIELD_PID, &field)) {
        (void)field_u32(&field, &connection->daemon_pid);
    }
    return true;
}

static void daemon_disconnect(struct connection *connection) {
    (void)close(connection->fd);
    connection->fd = -1;
}

bool daemon_connect(const struct tree *tree, const struct places *places, struct connection *connection) {
    if (!directory_is_private(places->run, false)) {
        return false;
    }
    int64_t deadline = monotonic_ms() + HELLO_DEADLINE_MS;
    connection->fd = try_connect(places, deadline);
    if (connection->fd < 0) {
        return false;
    }
    if (!exchange_hello(tree, places, connection)) {
        daemon_disconnect(connection);
        return false;
    }
    return true;
}

/* ---- starting ---- */
static _Noreturn void become_daemon(const struct tree *tree, const struct places *places) {
    char path[PATH_MAX];
    sigset_t none;
    (void)setsid();
    (void)umask(077);
    for (int number = 1; number < NSIG; number++) {
        (void)signal(number, SIG_DFL); /* the client's caller may ignore some, as nohup does */
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    path_format(path, "%s/bangerd.out", places->state);
    int in = open("/dev/null", O_RDONLY);
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0600);
    if (in < 0 || out < 0) {
        _exit(STATUS_NOT_EXECUTABLE);
    }
    /* Descriptors 0 to 2 are open in the client, so both are above. */
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0 || chdir("/") != 0) {
        _exit(STATUS_NOT_EXECUTABLE);
    }
    if (close_range(STDERR_FILENO + 1, ~0u, 0) != 0) {
        for (int fd = STDERR_FILENO + 1; fd < 65536; fd++) { /* Linux before 5.9 */
            (void)close(fd);
        }
    }
    if (system_runs_daemon(tree, places)) {
        system_become_start();
    }
    path_format(path, "%s/bin/bangerd", tree->root);
    char *const arguments[] = {path, NULL};
    (void)execv(path, arguments);
    (void)dprintf(STDERR_FILENO, "cannot run %s: %s\n", path, strerror(errno));
    _exit(STATUS_NOT_EXECUTABLE);
}

static _Noreturn void report_failed_start(const struct tree *tree, const struct places *places, const char *reason) {
    char out[PATH_MAX];
    char log[PATH_MAX];
    path_format(out, "%s/bangerd.out", places->state);
    path_format(log, "%s/bangerd.log", places->state);
    (void)dprintf(STDERR_FILENO, "banger: bangerd did not start: %s\n", reason);
    if (!show_tail(out, TAIL_LINES) && !show_tail(log, TAIL_LINES)) {
        (void)dprintf(STDERR_FILENO, "It printed nothing and logged nothing.\n");
    }
    fail(STATUS_FAILED, "the whole log: %s; to watch it start, run: %s/bin/bangerd", log, tree->root);
}

static void require_file(const char *path, int mode) {
    if (access(path, mode) != 0) {
        fail(STATUS_FAILED, "cannot start bangerd: %s: %s; build or install banger again", path, strerror(errno));
    }
}

static pid_t spawn(const struct tree *tree, const struct places *places) {
    char path[PATH_MAX];
    path_format(path, "%s/bin/bangerd", tree->root);
    require_file(path, X_OK);
    path_format(path, "%s/libexec", tree->root);
    require_file(path, R_OK | X_OK);
    pid_t child = fork();
    if (child < 0) {
        fail(STATUS_FAILED, "cannot start bangerd: fork: %s", strerror(errno));
    }
    if (child == 0) {
        become_daemon(tree, places);
    }
    return child;
}

/* False where the started daemon found another one; ends the process where it has died. */
static bool still_starting(const struct tree *tree, const struct places *places, pid_t child) {
    int status;
    char reason[64];
    if (waitpid(child, &status, WNOHANG) != child) {
        return true;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == BANGERD_ALREADY_RUNS) {
        return false;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && system_runs_daemon(tree, places)) {
        return true; /* systemd has started it */
    }
    (void)snprintf(reason, sizeof reason, WIFSIGNALED(status) ? "signal %d killed it." : "it ended with status %d.",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    report_failed_start(tree, places, reason);
}

/*
 * Of several clients the one that gets the lock starts the daemon, the others wait for its socket as the starter does.
 * The lock is this process's: where it dies the next one takes over.
 */
static void start(const struct tree *tree, const struct places *places, struct connection *connection) {
    char path[PATH_MAX];
    pid_t child = 0;
    places_make(places);
    path_format(path, "%s/start.lock", places->run);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) {
        fail(STATUS_FAILED, "cannot open %s: %s", path, strerror(errno));
    }
    bool locked = false;
    int64_t deadline = monotonic_ms() + START_DEADLINE_MS;
    int64_t not_before = 0;
    for (;;) {
        if (!locked && flock(lock, LOCK_EX | LOCK_NB) == 0) {
            locked = true;
            deadline = monotonic_ms() + START_DEADLINE_MS;
        }
        if (daemon_connect(tree, places, connection)) {
            break;
        }
        if (locked && child == 0 && monotonic_ms() >= not_before) {
            child = spawn(tree, places);
        } else if (child > 0 && !still_starting(tree, places, child)) {
            child = 0; /* another one is about to listen, or about to end and then leaves the place to us */
            not_before = monotonic_ms() + RESPAWN_MS;
        }
        if (monotonic_ms() > deadline) {
            report_failed_start(tree, places, "it does not listen after 120 s.");
        }
        pause_ms(RETRY_MS);
    }
    (void)close(lock);
}

/* ---- ending ---- */
void daemon_stop(const struct places *places, struct connection *connection) {
    uint8_t out[FRAME_HEADER];
    struct frame frame;
    int64_t deadline = monotonic_ms() + STOP_DEADLINE_MS;
    frame_header(out, FRAME_SHUTDOWN, 0, 0);
    if (send_all(connection->fd, out, sizeof out, deadline)) {
        enum receipt receipt;
        do {
            receipt = receive(connection, &frame, deadline);
        } while (receipt == RECEIVED);
        if (receipt == LATE) {
            report_hanging(places, connection, "end");
        }
    }
    daemon_disconnect(connection);
}

void daemon_require(const struct tree *tree, const struct places *places, struct connection *connection) {
    for (int replaced = 0; replaced <= REPLACEMENTS; replaced++) {
        if (connection->fd < 0 && !daemon_connect(tree, places, connection)) {
            start(tree, places, connection);
        }
        if (strcmp(connection->build, tree->build) == 0) {
            return;
        }
        daemon_stop(places, connection);
    }
    fail(STATUS_FAILED, "bangerd of build %s keeps coming back; this is build %s. Does another installation use %s?",
         connection->build, tree->build, places->run);
}
