#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char directory[PATH_MAX];
char run_directory[PATH_MAX];
char state_directory[PATH_MAX];
uint8_t command[FRAME_MAX_PAYLOAD];
size_t command_length;

void failed(const char *file, int line, const char *what) {
    const char *slash = strrchr(file, '/');
    (void)fprintf(stderr, "  %s:%d: not true: %s (errno: %s)\n", slash != NULL ? slash + 1 : file, line, what, strerror(errno));
    _exit(1);
}

void sleep_ms(int ms) {
    (void)poll(NULL, 0, ms);
}

int64_t now_ms(void) {
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- places ---- */
const char *in_directory(const char *format, ...) {
    static char paths[8][PATH_MAX];
    static int next;
    char *path = paths[next++ % 8];
    int used = snprintf(path, PATH_MAX, "%s/", directory);
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(path + used, PATH_MAX - (size_t)used, format, arguments);
    va_end(arguments);
    CHECK(used + more < PATH_MAX);
    return path;
}

void write_file(const char *path, const char *text, mode_t mode) {
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    CHECK(fd >= 0);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(close(fd) == 0);
}

size_t read_file(const char *path, char *out, size_t capacity) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    out[0] = '\0';
    return fd < 0 ? 0 : read_all(fd, out, capacity);
}

static void make_directory(const char *path) {
    char partial[PATH_MAX];
    (void)snprintf(partial, sizeof partial, "%s", path);
    for (char *slash = strchr(partial + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        CHECK(mkdir(partial, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    CHECK(mkdir(partial, 0700) == 0 || errno == EEXIST);
}

void set_up(const char *home) {
    make_directory(in_directory("tree/bin"));
    make_directory(in_directory("tree/lib"));
    make_directory(in_directory("tree/libexec"));
    make_directory(in_directory("%s/run", home));
    make_directory(in_directory("%s/state", home));
    (void)strcpy(run_directory, in_directory("%s/run", home));
    (void)strcpy(state_directory, in_directory("%s/state", home));
    CHECK(setenv("BANGER_HOME", in_directory("%s", home), 1) == 0);
    write_file(in_directory("tree/lib/build-id"), BUILD "\n", 0644);
    write_file(in_directory("tree/lib/version"), "1.2.3\n", 0644);
    CHECK(link(getenv("CLIENT_UNDER_TEST"), in_directory("tree/bin/banger")) == 0);
}

void script_daemon(const char *text) {
    write_file(in_directory("tree/bin/bangerd"), text, 0755);
}

void startable_daemon(void) {
    char self[PATH_MAX] = "";
    CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    char script[2 * PATH_MAX];
    (void)snprintf(script, sizeof script, "#!/bin/sh\nexec '%s' --fake-daemon\n", self);
    script_daemon(script);
}

/* ---- the client ---- */
pid_t run_client_on(char *const arguments[], int in, int out, int err, bool leads_terminal) {
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        if (leads_terminal) {
            CHECK(setsid() >= 0 && ioctl(in, TIOCSCTTY, 0) == 0);
        }
        CHECK(dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(err, 2) == 2);
        CHECK(close_range(3, ~0u, 0) == 0);
        (void)alarm(0);
        (void)execv(in_directory("tree/bin/banger"), arguments);
        failed(__FILE__, __LINE__, "execv of the client");
    }
    return pid;
}

struct client run_client(char *const arguments[]) {
    int in[2];
    int out[2];
    int err[2];
    CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0);
    struct client client = {.pid = run_client_on(arguments, in[0], out[1], err[1], false), .in = in[1], .out = out[0], .err = err[0]};
    CHECK(close(in[0]) == 0 && close(out[1]) == 0 && close(err[1]) == 0);
    return client;
}

int wait_client(pid_t pid) {
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

size_t read_all(int fd, char *out, size_t capacity) {
    size_t length = 0;
    ssize_t got;
    while (length < capacity - 1 && (got = read(fd, out + length, capacity - 1 - length)) > 0) {
        length += (size_t)got;
    }
    out[length] = '\0';
    CHECK(close(fd) == 0);
    return length;
}

int client_result(char *const arguments[], char *out, size_t out_size, char *err, size_t err_size) {
    struct client client = run_client(arguments);
    CHECK(close(client.in) == 0);
    (void)read_all(client.out, out, out_size);
    (void)read_all(client.err, err, err_size);
    return wait_client(client.pid);
}

/* ---- the daemon ---- */
int listen_as_daemon(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "bangerd.sock"};
    char before[PATH_MAX];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && getcwd(before, sizeof before) != NULL);
    CHECK(chdir(run_directory) == 0); /* a relative address: the path may be long */
    (void)unlink(address.sun_path);
    CHECK(bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 64) == 0);
    CHECK(chdir(before) == 0);
    return fd;
}

static uint8_t parser_buffer[FRAME_MAX];
static struct frame_parser parser;

void send_frame(int fd, enum frame_type type, const void *payload, size_t length) {
    uint8_t header[FRAME_HEADER];
    frame_header(header, type, 0, (uint32_t)length);
    CHECK(send(fd, header, sizeof header, MSG_NOSIGNAL) == (ssize_t)sizeof header);
    for (size_t sent = 0; sent < length;) {
        ssize_t step = send(fd, (const uint8_t *)payload + sent, length - sent, MSG_NOSIGNAL);
        CHECK(step > 0);
        sent += (size_t)step;
    }
}

void send_u32(int fd, enum frame_type type, uint32_t value) {
    uint8_t bytes[4];
    frame_put_u32(bytes, value);
    send_frame(fd, type, bytes, sizeof bytes);
}

void send_data(int fd, enum frame_type type, const char *text) {
    send_frame(fd, type, text, strlen(text));
}

bool next_frame(int fd, struct frame *frame) {
    for (;;) {
        enum frame_result result = frame_parser_next(&parser, frame);
        CHECK(result != FRAME_BROKEN);
        if (result == FRAME_TAKEN) {
            CHECK(frame->channel == 0);
            return true;
        }
        uint8_t *at;
        size_t space = frame_parser_space(&parser, &at);
        ssize_t got = recv(fd, at, space, 0);
        if (got <= 0) {
            return false;
        }
        frame_parser_filled(&parser, (size_t)got);
    }
}

struct frame expect(int fd, enum frame_type type) {
    struct frame frame;
    CHECK(next_frame(fd, &frame));
    if (frame.type != type) {
        (void)fprintf(stderr, "  expected %s, got %s\n", frame_type_name(type), frame_type_name(frame.type));
        _exit(1);
    }
    return frame;
}

void expect_data(int fd, enum frame_type type, const char *text) {
    struct frame frame = expect(fd, type);
    CHECK(frame.length == strlen(text) && memcmp(frame.payload, text, frame.length) == 0);
}

void expect_silence(int fd, int ms) {
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    CHECK(frame_parser_pending(&parser) == 0 && poll(&polled, 1, ms) == 0);
}

void expect_end(int fd) {
    struct frame frame;
    CHECK(!next_frame(fd, &frame));
}

int accept_client(int listener, const char *build) {
    struct field field;
    uint8_t out[256];
    struct frame_writer writer;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(fd >= 0);
    frame_parser_init(&parser, parser_buffer, sizeof parser_buffer);
    struct frame hello = expect(fd, FRAME_HELLO);
    uint32_t version = 0;
    CHECK(field_find(hello.payload, hello.length, FIELD_VERSION, &field) && field_u32(&field, &version) && version == FRAME_VERSION);
    CHECK(field_find(hello.payload, hello.length, FIELD_BUILD, &field) && field_is(&field, BUILD));
    frame_writer_init(&writer, out, sizeof out);
    frame_begin(&writer, FRAME_HELLO, 0);
    frame_field_u32(&writer, FIELD_VERSION, FRAME_VERSION);
    frame_field_string(&writer, FIELD_BUILD, build);
    frame_field_u32(&writer, FIELD_PID, (uint32_t)getpid());
    CHECK(frame_end(&writer) && send(fd, out, writer.length, MSG_NOSIGNAL) == (ssize_t)writer.length);
    return fd;
}

int accept_command(int listener) {
    int fd = accept_client(listener, BUILD);
    struct frame frame = expect(fd, FRAME_COMMAND);
    memcpy(command, frame.payload, frame.length);
    command_length = frame.length;
    CHECK(fields_well_formed(command, command_length));
    frame = expect(fd, FRAME_WINDOW_CREDIT);
    CHECK(frame_get_u32(frame.payload) == FRAME_WINDOW);
    return fd;
}

int fake_daemon(void) {
    char path[PATH_MAX + 16];
    char line[256];
    const char *home = getenv("BANGER_HOME");
    CHECK(home != NULL);
    (void)alarm(30);
    (void)snprintf(run_directory, sizeof run_directory, "%s/run", home);
    /* What a daemon must not inherit shows here: a line for each start. */
    int fds = 0;
    for (int fd = 3; fd < 1024; fd++) {
        fds += fcntl(fd, F_GETFD) >= 0;
    }
    char current[PATH_MAX] = "";
    CHECK(getcwd(current, sizeof current) != NULL);
    (void)snprintf(path, sizeof path, "%s/starts", home);
    int record = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int length = snprintf(line, sizeof line, "pid %d session %d cwd %s fds %d tty %d\n", getpid(), getsid(0), current, fds,
                          isatty(0) + isatty(1) + isatty(2));
    CHECK(record >= 0 && write(record, line, (size_t)length) == length);
    sleep_ms(300); /* long enough for every client of a test to be waiting */
    int listener = listen_as_daemon();
    for (;;) {
        int fd = accept_client(listener, BUILD);
        struct frame frame;
        if (next_frame(fd, &frame) && frame.type == FRAME_SHUTDOWN) {
            return 0;
        }
        send_u32(fd, FRAME_EXIT, STARTED_DAEMON_STATUS);
        while (next_frame(fd, &frame)) {
        }
        (void)close(fd);
    }
}
