/*
 * A stand-in for Firecracker that answers at once: its API, and its vsock with an agent behind it, of a guest that does nothing. So
 * a create takes what banger itself takes (scripts/bench-create). Of a real one it has the requests that banger makes
 * (firecracker.yaml, docs/vsock.md) and the tap, which it holds open as a VMM does; it answers what it does not know with 400.
 * When the guest has its identity it writes stand-in.times into the directory it works in: what happened when, and for how long
 * it has been busy, in microseconds.
 */
#include "../frames.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define RELEASE "1.16.1"
#define CONNECTIONS 8
#define REQUEST 16384
#define TIMES "stand-in.times"

enum kind { FREE, API, AGENT };

struct connection {
    enum kind kind;
    int fd;
    bool connected; /* AGENT: has asked for its port */
    size_t length;
    char text[REQUEST];
};

static struct connection connections[CONNECTIONS];
static uint8_t incoming[FRAME_MAX];
static struct frame_parser parser;
static int api = -1;
static int agent = -1;
static int tap = -1;
static char vsock[sizeof((struct sockaddr_un *) NULL)->sun_path];
static const char *state = "Not started";
static bool identified;

static int64_t started; /* since 1970, as the one who measures has it */
static int64_t listening;
static int64_t named;
static int64_t busy; /* so far, but for what goes on since `woken` */
static int64_t woken;

static int64_t now(clockid_t clock)
{
    struct timespec time;
    (void) clock_gettime(clock, &time);
    return time.tv_sec * INT64_C(1000000) + time.tv_nsec / 1000;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >= (int) sizeof address.sun_path
        || bind(fd, (struct sockaddr *) &address, sizeof address) != 0 || listen(fd, CONNECTIONS) != 0) {
        die(path);
    }
    return fd;
}

static void send_all(int fd, const void *bytes, size_t count)
{
    if (send(fd, bytes, count, MSG_NOSIGNAL) != (ssize_t) count) {
        die("what is answered fits the socket's buffer, and yet");
    }
}

/* ---- the API ---- */

/* The string that follows "key": in JSON without escapes, as banger writes names. */
static bool value(const char *json, const char *key, char *out, size_t capacity)
{
    char quoted[64];
    (void) snprintf(quoted, sizeof quoted, "\"%s\":\"", key);
    const char *at = strstr(json, quoted);
    const char *end = at == NULL ? NULL : strchr(at + strlen(quoted), '"');
    return end != NULL
           && snprintf(out, capacity, "%.*s", (int) (end - at - (ptrdiff_t) strlen(quoted)), at + strlen(quoted))
                  < (int) capacity;
}

static bool open_tap(const char *json)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    return tap >= 0 && value(json, "host_dev_name", request.ifr_name, sizeof request.ifr_name)
           && ioctl(tap, TUNSETIFF, &request) == 0;
}

static bool open_vsock(void)
{
    agent = listen_at(vsock);
    return true;
}

static bool write_file(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const size_t length = strlen(text);
    const bool ok = fd >= 0 && write(fd, text, length) == (ssize_t) length;
    return close(fd) == 0 && ok;
}

/* A machine is the path of its vsock, and its memory a page. */
static bool save(const char *json)
{
    char path[1024];
    char memory[4096] = {0};
    memset(memory, 'm', sizeof memory - 1);
    return value(json, "snapshot_path", path, sizeof path) && write_file(path, vsock)
           && value(json, "mem_file_path", path, sizeof path) && write_file(path, memory);
}

static bool load(const char *json)
{
    char path[1024];
    int fd;
    if (!value(json, "snapshot_path", path, sizeof path) || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
        return false;
    }
    const ssize_t got = read(fd, vsock, sizeof vsock - 1);
    (void) close(fd);
    state = "Paused";
    identified = true;
    return got > 0 && open_vsock() && open_tap(json);
}

static bool begins(const char *request, const char *with)
{
    return strncmp(request, with, strlen(with)) == 0;
}

static bool served(const char *request, const char *json)
{
    char wanted[16];
    if (begins(request, "PUT /machine-config ") || begins(request, "PUT /boot-source ") || begins(request, "PUT /entropy ")) {
        return true;
    }
    if (begins(request, "PUT /drives/") || begins(request, "PATCH /drives/")) {
        char path[1024];
        return value(json, "path_on_host", path, sizeof path) && access(path, R_OK) == 0;
    }
    if (begins(request, "PUT /network-interfaces/")) {
        return open_tap(json);
    }
    if (begins(request, "PUT /vsock ")) {
        return value(json, "uds_path", vsock, sizeof vsock) && open_vsock();
    }
    if (begins(request, "PUT /actions ")) {
        state = "Running";
        return true;
    }
    if (begins(request, "PATCH /vm ") && value(json, "state", wanted, sizeof wanted)) {
        state = strcmp(wanted, "Paused") == 0 ? "Paused" : "Running";
        return true;
    }
    return begins(request, "PUT /snapshot/create ") ? save(json) : begins(request, "PUT /snapshot/load ") && load(json);
}

static void answer(int fd, const char *request, const char *json)
{
    char body[256] = "";
    char out[512];
    int status = 204;
    if (begins(request, "GET / ")) {
        status = 200;
        (void) snprintf(body, sizeof body, "{\"id\":\"vm\",\"state\":\"%s\",\"vmm_version\":\"" RELEASE "\"}", state);
    } else if (!served(request, json)) {
        status = 400;
        (void) snprintf(body, sizeof body, "{\"fault_message\":\"the stand-in cannot do that\"}");
    }
    const int length = body[0] == '\0' ? snprintf(out, sizeof out, "HTTP/1.1 %d \r\nServer: Firecracker API\r\n\r\n", status)
                                       : snprintf(out, sizeof out,
                                                  "HTTP/1.1 %d \r\nServer: Firecracker API\r\nContent-Type: application/json\r\n"
                                                  "Content-Length: %zu\r\n\r\n%s",
                                                  status, strlen(body), body);
    send_all(fd, out, (size_t) length);
}

static void take_request(struct connection *from)
{
    char *json = strstr(from->text, "\r\n\r\n");
    const char *length = strstr(from->text, "Content-Length: ");
    if (json != NULL && (length == NULL || strlen(json + 4) >= strtoul(length + 16, NULL, 10))) {
        answer(from->fd, from->text, json + 4);
        from->length = 0;
    }
}

/* ---- the guest's agent ---- */

static void write_times(void)
{
    char text[256];
    const int64_t until_here = now(CLOCK_MONOTONIC);
    (void) snprintf(text, sizeof text, "started %jd\nlistening %jd\nidentified %jd\nbusy %jd\n", (intmax_t) started,
                    (intmax_t) listening, (intmax_t) named, (intmax_t) (busy + until_here - woken));
    if (!write_file(TIMES ".new", text) || rename(TIMES ".new", TIMES) != 0) {
        die(TIMES);
    }
}

static void serve_frame(int fd, const struct frame *frame)
{
    uint8_t out[1024];
    struct frame_writer writer;
    struct field nonce;
    frame_writer_init(&writer, out, sizeof out);
    switch (frame->type) {
    case FRAME_HELLO:
        frame_begin(&writer, FRAME_HELLO, 0);
        frame_field_u32(&writer, FIELD_VERSION, FRAME_VERSION);
        if (field_find(frame->payload, frame->length, FIELD_NONCE, &nonce)) {
            frame_field(&writer, FIELD_NONCE, nonce.value, nonce.length);
        }
        frame_field_string(&writer, FIELD_STATE, identified ? "settled" : "waiting");
        break;
    case FRAME_IDENTITY:
        named = now(CLOCK_REALTIME);
        frame_begin(&writer, FRAME_REPLY, frame->channel);
        frame_field_string(&writer, FIELD_STATE, "settled");
        (void) frame_end(&writer);
        frame_begin(&writer, FRAME_EVENT, 0);
        frame_field_string(&writer, FIELD_NAME, "init-settled");
        break;
    case FRAME_EXEC:
        frame_begin(&writer, FRAME_STARTED, frame->channel);
        frame_field_u32(&writer, FIELD_PID, 2);
        (void) frame_end(&writer);
        frame_begin(&writer, FRAME_EXIT, frame->channel);
        frame_u32(&writer, 0);
        break;
    case FRAME_SYNC:
    case FRAME_STATS:
    case FRAME_POWEROFF:
        frame_begin(&writer, FRAME_REPLY, frame->channel);
        break;
    default: /* windows and ends of what was answered already */
        return;
    }
    if (!frame_end(&writer)) {
        die("an answer does not fit");
    }
    send_all(fd, out, writer.length);
    if (frame->type == FRAME_IDENTITY) {
        identified = true;
        write_times();
    }
    if (frame->type == FRAME_POWEROFF) {
        exit(0);
    }
}

/* The agent takes one connection; a new one takes its place. */
static void take_frames(struct connection *from)
{
    struct frame frame;
    const char *at = from->text;
    size_t left = from->length;
    if (!from->connected) {
        const char *end = memchr(from->text, '\n', from->length);
        if (end == NULL) {
            return;
        }
        send_all(from->fd, "OK 1073741824\n", 14);
        from->connected = true;
        frame_parser_init(&parser, incoming, sizeof incoming);
        left -= (size_t) (end + 1 - at);
        at = end + 1;
    }
    (void) frame_parser_feed(&parser, at, left);
    from->length = 0;
    enum frame_result result;
    while ((result = frame_parser_next(&parser, &frame)) == FRAME_TAKEN) {
        serve_frame(from->fd, &frame);
    }
    if (result == FRAME_BROKEN) {
        die(parser.error);
    }
}

/* ---- the loop ---- */

static void drop(struct connection *connection)
{
    (void) close(connection->fd);
    connection->kind = FREE;
}

static void take_connection(int listener, enum kind kind)
{
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    for (size_t i = 0; fd >= 0 && i < CONNECTIONS; i++) {
        if (connections[i].kind == FREE) {
            connections[i].kind = kind;
            connections[i].fd = fd;
            connections[i].connected = false;
            connections[i].length = 0;
            return;
        }
    }
    die("too many connections");
}

static void take_bytes(struct connection *from)
{
    const ssize_t got = recv(from->fd, from->text + from->length, sizeof from->text - 1 - from->length, 0);
    if (got <= 0) {
        drop(from);
        return;
    }
    from->length += (size_t) got;
    from->text[from->length] = '\0';
    if (from->kind == API) {
        take_request(from);
    } else {
        take_frames(from);
    }
}

static void serve(void)
{
    struct pollfd events[CONNECTIONS + 2];
    for (size_t i = 0; i < CONNECTIONS; i++) {
        events[i] = (struct pollfd){.fd = connections[i].kind == FREE ? -1 : connections[i].fd, .events = POLLIN};
    }
    events[CONNECTIONS] = (struct pollfd){.fd = api, .events = POLLIN};
    events[CONNECTIONS + 1] = (struct pollfd){.fd = agent, .events = POLLIN};
    busy += now(CLOCK_MONOTONIC) - woken;
    const int ready = poll(events, CONNECTIONS + 2, -1);
    woken = now(CLOCK_MONOTONIC);
    if (ready < 0) {
        die("poll");
    }
    for (size_t i = 0; i < CONNECTIONS; i++) {
        if (events[i].revents != 0) {
            take_bytes(&connections[i]);
        }
    }
    if (events[CONNECTIONS].revents != 0) {
        take_connection(api, API);
    }
    if (events[CONNECTIONS + 1].revents != 0) {
        take_connection(agent, AGENT);
    }
}

int main(int argc, char **argv)
{
    started = now(CLOCK_REALTIME);
    woken = now(CLOCK_MONOTONIC);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        return puts("Firecracker v" RELEASE) < 0;
    }
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--api-sock") == 0) {
            api = listen_at(argv[i + 1]);
        }
    }
    if (api < 0) {
        (void) fputs("the stand-in wants --api-sock\n", stderr);
        return 1;
    }
    listening = now(CLOCK_REALTIME);
    while (true) {
        serve();
    }
}
