#include "agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define STDIN_BUFFER 65536u
#define STDIN_GRANT 16384u /* credit is given back in pieces of at least this */
#define CLOSE_GRACE_MS 2000
/* A terminal's last output passes a work queue of the kernel: silence of this length after the process's end is its end. */
#define TERMINAL_QUIET_MS 30

enum kind { KIND_EXEC, KIND_CONNECT, KIND_GET, KIND_PUT, KIND_SYNC, KIND_RESTORE };

struct channel {
    bool used;
    bool silent;     /* the connection that opened it is gone: no frame is sent, the number means nothing */
    bool closing;    /* CLOSE came */
    bool connecting; /* connect(2) is under way */
    bool pty;
    bool ended; /* the process was reaped; `status` is set */
    bool in_eof;
    enum kind kind;
    uint16_t number;
    pid_t pid;
    int status;
    int in;
    int out;
    int err;
    int64_t out_left; /* -1: until end of file; after the process's end: how many bytes it left behind */
    int64_t err_left;
    int64_t quiet_at;  /* pty after the process's end: when silence counts as the end */
    int64_t kill_at;   /* 0, or when SIGKILL follows SIGHUP */
    uint32_t consumed; /* bytes handed on since the last WINDOW */
    struct frame_window window;
    size_t start; /* ring of bytes for the process */
    size_t length;
    size_t reason_length;
    char reason[200]; /* what a worker wrote to its standard error */
    uint8_t *buffer;
};

static struct channel channels[MAX_CHANNELS];
static uint8_t buffers[MAX_CHANNELS][STDIN_BUFFER] __attribute__((aligned(4096)));
static bool any_ended;

bool channel_any_ended(void)
{
    return any_ended;
}

static struct channel *find(uint16_t number)
{
    for (size_t i = 0; i < MAX_CHANNELS; i++) {
        if (channels[i].used && !channels[i].silent && channels[i].number == number) {
            return &channels[i];
        }
    }
    return NULL;
}

static struct channel *open_channel(uint16_t number, enum kind kind)
{
    for (size_t i = 0; i < MAX_CHANNELS; i++) {
        struct channel *channel = &channels[i];
        if (channel->used) {
            continue;
        }
        memset(channel, 0, sizeof *channel);
        channel->used = true;
        channel->kind = kind;
        channel->number = number;
        channel->in = channel->out = channel->err = -1;
        channel->out_left = channel->err_left = -1;
        channel->buffer = buffers[i];
        return channel;
    }
    return NULL;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void) close(*fd);
        *fd = -1;
    }
}

static void release(struct channel *channel)
{
    close_fd(&channel->in);
    close_fd(&channel->out);
    close_fd(&channel->err);
    channel->used = false;
    any_ended = true;
    /* The pages of a buffer that was used go back; the next user finds zeros. */
    (void) madvise(channel->buffer, STDIN_BUFFER, MADV_DONTNEED);
}

static void send_error(uint16_t number, const char *code, const char *message)
{
    struct outcome outcome = {code, ""};
    (void) snprintf(outcome.message, sizeof outcome.message, "%s", message);
    link_send_error(number, &outcome);
}

static void grant(struct channel *channel, uint32_t count)
{
    window_grant(&channel->window, count);
    if (!channel->silent) {
        link_send_u32(FRAME_WINDOW_CREDIT, channel->number, count);
    }
}

static void send_started(struct channel *channel, bool takes_input)
{
    struct frame_writer *writer = link_writer();
    frame_begin(writer, FRAME_STARTED, channel->number);
    frame_field_u32(writer, FIELD_PID, channel->pid > 0 ? (uint32_t) channel->pid : 0);
    link_end();
    if (takes_input) {
        grant(channel, STDIN_BUFFER);
    }
}

/* ---- the end of a channel ---- */

static const char *worker_code(int status)
{
    switch (status) {
    case 2:
        return "NOT_FOUND";
    case 3:
        return "INVALID_ARGUMENT";
    case 4:
        return "PERMISSION_DENIED";
    case 5:
        return "RESOURCE_EXHAUSTED";
    default:
        return "INTERNAL";
    }
}

static uint32_t exit_status(int status)
{
    return WIFSIGNALED(status) ? 128u + (uint32_t) WTERMSIG(status) : (uint32_t) WEXITSTATUS(status);
}

static void send_final(struct channel *channel)
{
    const bool went_well = WIFEXITED(channel->status) && WEXITSTATUS(channel->status) == 0;
    switch (channel->kind) {
    case KIND_EXEC:
        link_send_u32(FRAME_EXIT, channel->number, exit_status(channel->status));
        break;
    case KIND_CONNECT:
        link_send_u32(FRAME_EXIT, channel->number, 0);
        break;
    case KIND_GET:
    case KIND_PUT:
        if (went_well) {
            link_send_u32(FRAME_EXIT, channel->number, 0);
        } else if (channel->closing) {
            send_error(channel->number, "CANCELLED", "the transfer was ended by its opener");
        } else {
            channel->reason[channel->reason_length] = 0;
            send_error(channel->number, worker_code(WIFEXITED(channel->status) ? WEXITSTATUS(channel->status) : 1),
                channel->reason_length > 0 ? channel->reason : "the transfer ended unexpectedly in the guest");
        }
        break;
    case KIND_SYNC:
        if (went_well) {
            link_send(FRAME_REPLY, channel->number);
        } else {
            send_error(channel->number, "INTERNAL", "the guest's sync ended unexpectedly");
        }
        break;
    case KIND_RESTORE:
        agent_reply_identity(channel->number);
        break;
    }
}

static bool output_done(const struct channel *channel)
{
    return channel->out < 0 && channel->err < 0;
}

static void end_if_done(struct channel *channel)
{
    bool done;
    if (!channel->used) {
        return;
    }
    if (channel->kind == KIND_CONNECT) {
        done = channel->in < 0 && channel->out < 0;
    } else {
        done = channel->ended && output_done(channel);
    }
    if (!done) {
        return;
    }
    if (!channel->silent) {
        send_final(channel);
    }
    release(channel);
}

/* Stops what runs: the descriptors go at once, the process gets SIGHUP and, later, SIGKILL. */
static void stop(struct channel *channel)
{
    close_fd(&channel->in);
    close_fd(&channel->out);
    close_fd(&channel->err);
    channel->length = 0;
    if (channel->kind != KIND_CONNECT && !channel->ended && channel->kill_at == 0) {
        (void) kill(-channel->pid, SIGHUP); /* ESRCH: it ended this moment and is reaped soon */
        channel->kill_at = now_ms() + CLOSE_GRACE_MS;
    }
    end_if_done(channel);
}

void channel_forget_all(void)
{
    for (size_t i = 0; i < MAX_CHANNELS; i++) {
        if (channels[i].used && !channels[i].silent) {
            channels[i].silent = true;
            stop(&channels[i]);
        }
    }
}

static bool worker(const struct channel *channel)
{
    return channel->kind != KIND_EXEC && channel->kind != KIND_CONNECT;
}

/* A worker's standard error is the reason it ends with, not data. */
static void read_reason(struct channel *channel)
{
    char text[200];
    const ssize_t got = read(channel->err, text, sizeof text);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        close_fd(&channel->err);
        return;
    }
    size_t count = sizeof channel->reason - 1 - channel->reason_length;
    count = (size_t) got < count ? (size_t) got : count;
    memcpy(channel->reason + channel->reason_length, text, count);
    channel->reason_length += count;
}

void channel_child_ended(pid_t pid, int status)
{
    for (size_t i = 0; i < MAX_CHANNELS; i++) {
        struct channel *channel = &channels[i];
        if (!channel->used || channel->ended || channel->pid != pid || channel->kind == KIND_CONNECT) {
            continue;
        }
        int left = 0;
        channel->ended = true;
        channel->status = status;
        close_fd(&channel->in);
        if (channel->pty) {
            channel->quiet_at = now_ms() + TERMINAL_QUIET_MS;
        } else {
            /* What is in the pipes now is the process's; what comes later is of children it left behind. */
            if (channel->out >= 0) {
                channel->out_left = ioctl(channel->out, FIONREAD, &left) == 0 ? left : 0;
            }
            if (channel->err >= 0 && worker(channel)) {
                read_reason(channel);
                channel->err_left = 0;
            } else if (channel->err >= 0) {
                channel->err_left = ioctl(channel->err, FIONREAD, &left) == 0 ? left : 0;
            }
            if (channel->out_left == 0) {
                close_fd(&channel->out);
            }
            if (channel->err_left == 0) {
                close_fd(&channel->err);
            }
        }
        end_if_done(channel);
        return;
    }
}

/* ---- opening frames ---- */

static void opened(struct channel *channel, const struct spawned *spawned)
{
    channel->pid = spawned->pid;
    channel->in = spawned->in;
    channel->out = spawned->out;
    channel->err = spawned->err;
}

static void open_exec(struct channel *channel, const struct frame *frame)
{
    struct spawned spawned;
    struct outcome outcome;
    if (!spawn_exec(frame->payload, frame->length, &channel->pty, &spawned, &outcome)) {
        link_send_error(channel->number, &outcome);
        release(channel);
        return;
    }
    opened(channel, &spawned);
    send_started(channel, true);
}

static bool start_worker(struct channel *channel)
{
    struct spawned spawned;
    const pid_t pid = spawn_worker(&spawned);
    if (pid < 0) {
        send_error(channel->number, "RESOURCE_EXHAUSTED", strerror(errno));
        release(channel);
        return false;
    }
    if (pid > 0) {
        opened(channel, &spawned);
    }
    return pid == 0;
}

static void open_transfer(struct channel *channel, const struct frame *frame)
{
    static char path[MAX_PATH];
    struct field field;
    const bool put = channel->kind == KIND_PUT;
    if (!fields_well_formed(frame->payload, frame->length) || !field_find(frame->payload, frame->length, FIELD_PATH, &field)
        || !field_string(&field, path, sizeof path) || path[0] != '/') {
        send_error(channel->number, "INVALID_ARGUMENT", "GET and PUT need a PATH that is absolute and shorter than 4096 bytes");
        release(channel);
        return;
    }
    if (start_worker(channel)) {
        _exit(put ? tar_read(path, STDIN_FILENO, STDERR_FILENO) : tar_write(path, STDOUT_FILENO, STDERR_FILENO));
    }
    if (!channel->used) {
        return;
    }
    close_fd(put ? &channel->out : &channel->in);
    send_started(channel, put);
}

static void open_sync(struct channel *channel)
{
    if (start_worker(channel)) {
        sync();
        _exit(0);
    }
}

void channel_restore_hooks(uint16_t number)
{
    struct channel *channel = open_channel(number, KIND_RESTORE);
    if (channel == NULL) {
        agent_reply_identity(number);
        return;
    }
    if (start_worker(channel)) {
        identity_run_restore_hooks();
    }
}

static bool parse_target(const struct frame *frame, struct sockaddr_storage *address, socklen_t *length)
{
    char host[64] = "127.0.0.1";
    uint16_t port = 0;
    struct field field;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (!fields_well_formed(frame->payload, frame->length) || !field_find(frame->payload, frame->length, FIELD_PORT, &field)
        || !field_u16(&field, &port) || port == 0) {
        return false;
    }
    if (field_find(frame->payload, frame->length, FIELD_HOST, &field) && !field_string(&field, host, sizeof host)) {
        return false;
    }
    memset(&v4, 0, sizeof v4);
    memset(&v6, 0, sizeof v6);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    if (strcmp(host, "localhost") == 0 || inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        if (strcmp(host, "localhost") == 0) {
            v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        }
        memcpy(address, &v4, sizeof v4);
        *length = sizeof v4;
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        memcpy(address, &v6, sizeof v6);
        *length = sizeof v6;
        return true;
    }
    return false;
}

static void refuse_connect(struct channel *channel, int error)
{
    char message[128];
    (void) snprintf(message, sizeof message, "cannot connect inside the guest: %s", strerror(error));
    send_error(channel->number, error == EMFILE || error == ENFILE ? "RESOURCE_EXHAUSTED" : "GUEST_UNAVAILABLE", message);
    release(channel);
}

static void connected(struct channel *channel)
{
    channel->connecting = false;
    channel->out = fcntl(channel->in, F_DUPFD_CLOEXEC, 3);
    if (channel->out < 0) {
        refuse_connect(channel, errno);
        return;
    }
    send_started(channel, true);
}

static void open_connect(struct channel *channel, const struct frame *frame)
{
    struct sockaddr_storage address;
    socklen_t length = 0;
    const int on = 1;
    if (!parse_target(frame, &address, &length)) {
        send_error(channel->number, "INVALID_ARGUMENT", "CONNECT needs a PORT and, if any, a HOST that is an IP address or localhost");
        release(channel);
        return;
    }
    channel->in = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (channel->in < 0) {
        refuse_connect(channel, errno);
        return;
    }
    (void) setsockopt(channel->in, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* only a matter of speed */
    if (connect(channel->in, (const struct sockaddr *) &address, length) == 0) {
        connected(channel);
    } else if (errno == EINPROGRESS) {
        channel->connecting = true;
    } else {
        refuse_connect(channel, errno);
    }
}

static bool open_frame(const struct frame *frame, const char **why)
{
    if (frame->channel == 0) {
        *why = "an opening frame on channel 0";
        return false;
    }
    if (find(frame->channel) != NULL) {
        *why = "an opening frame on a channel that is in use";
        return false;
    }
    switch (frame->type) {
    case FRAME_IDENTITY:
        agent_identity(frame->channel, frame->payload, frame->length);
        return true;
    case FRAME_POWEROFF: {
        struct field field;
        uint8_t force = 0;
        if (field_find(frame->payload, frame->length, FIELD_FORCE, &field) && !field_u8(&field, &force)) {
            send_error(frame->channel, "INVALID_ARGUMENT", "POWEROFF's FORCE is not one byte");
            return true;
        }
        agent_power_off(frame->channel, force != 0);
        return true;
    }
    case FRAME_STATS: {
        struct frame_writer *writer = link_writer();
        frame_begin(writer, FRAME_REPLY, frame->channel);
        stats_fields(writer);
        link_end();
        return true;
    }
    default:
        break;
    }
    const enum kind kind = frame->type == FRAME_EXEC ? KIND_EXEC
        : frame->type == FRAME_CONNECT               ? KIND_CONNECT
        : frame->type == FRAME_GET                   ? KIND_GET
        : frame->type == FRAME_PUT                   ? KIND_PUT
                                                     : KIND_SYNC;
    struct channel *channel = open_channel(frame->channel, kind);
    if (channel == NULL) {
        send_error(frame->channel, "BUSY", "the guest's agent has 64 channels open");
        return true;
    }
    switch (kind) {
    case KIND_EXEC:
        open_exec(channel, frame);
        break;
    case KIND_CONNECT:
        open_connect(channel, frame);
        break;
    case KIND_GET:
    case KIND_PUT:
        open_transfer(channel, frame);
        break;
    case KIND_SYNC:
    case KIND_RESTORE:
        open_sync(channel);
        break;
    }
    return true;
}

/* ---- frames of open channels ---- */

static void finish_input(struct channel *channel)
{
    if (channel->in < 0 || channel->connecting) {
        return;
    }
    if (channel->kind == KIND_CONNECT) {
        (void) shutdown(channel->in, SHUT_WR); /* ENOTCONN: the other side was faster */
        close_fd(&channel->in);
    } else if (channel->pty) {
        /* A terminal has no end of file but the character that says so at the start of a line (termios(3), VEOF). */
        static const char end_of_file = 4;
        (void) !write(channel->in, &end_of_file, 1);
    } else {
        close_fd(&channel->in);
    }
    end_if_done(channel);
}

static void write_input(struct channel *channel)
{
    while (channel->length > 0 && channel->in >= 0) {
        const size_t run = STDIN_BUFFER - channel->start < channel->length ? STDIN_BUFFER - channel->start : channel->length;
        const ssize_t done = channel->kind == KIND_CONNECT
            ? send(channel->in, channel->buffer + channel->start, run, MSG_NOSIGNAL)
            : write(channel->in, channel->buffer + channel->start, run);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0 && errno == EAGAIN) {
            break;
        }
        if (done <= 0) {
            channel->length = 0; /* the reader is gone: what comes is dropped, no more credit is given */
            close_fd(&channel->in);
            break;
        }
        channel->start = (channel->start + (size_t) done) % STDIN_BUFFER;
        channel->length -= (size_t) done;
        channel->consumed += (uint32_t) done;
    }
    if (channel->in >= 0 && channel->consumed >= STDIN_GRANT && link_room() > FRAME_HEADER + 4) {
        grant(channel, channel->consumed);
        channel->consumed = 0;
    }
    if (channel->length == 0 && channel->in_eof) {
        finish_input(channel);
    }
    end_if_done(channel);
}

static bool take_input(struct channel *channel, const struct frame *frame, const char **why)
{
    if (frame->length == 0) {
        channel->in_eof = true;
        if (channel->length == 0) {
            finish_input(channel);
        }
        return true;
    }
    if (!window_received(&channel->window, frame->length) || frame->length > STDIN_BUFFER - channel->length) {
        *why = "more data than was granted";
        return false;
    }
    if (channel->in < 0 || channel->in_eof) {
        return true;
    }
    const size_t end = (channel->start + channel->length) % STDIN_BUFFER;
    const size_t run = STDIN_BUFFER - end < frame->length ? STDIN_BUFFER - end : frame->length;
    memcpy(channel->buffer + end, frame->payload, run);
    memcpy(channel->buffer, frame->payload + run, frame->length - run);
    channel->length += frame->length;
    if (!channel->connecting) {
        write_input(channel);
    }
    return true;
}

static void take_size(struct channel *channel, const struct frame *frame)
{
    if (channel->pty && channel->out >= 0) {
        struct winsize size;
        memset(&size, 0, sizeof size);
        size.ws_row = frame_get_u16(frame->payload);
        size.ws_col = frame_get_u16(frame->payload + 2);
        (void) ioctl(channel->out, TIOCSWINSZ, &size); /* a terminal that has just ended has no size */
    }
}

bool channel_frame(const struct frame *frame, const char **why)
{
    switch (frame->type) {
    case FRAME_EXEC:
    case FRAME_CONNECT:
    case FRAME_GET:
    case FRAME_PUT:
    case FRAME_IDENTITY:
    case FRAME_STATS:
    case FRAME_SYNC:
    case FRAME_POWEROFF:
        return open_frame(frame, why);
    case FRAME_STDIN:
    case FRAME_WINDOW_CREDIT:
    case FRAME_RESIZE:
    case FRAME_SIGNAL:
    case FRAME_CLOSE:
        break;
    default:
        *why = "a frame that the agent does not take";
        return false;
    }
    struct channel *channel = find(frame->channel);
    if (channel == NULL) {
        return true; /* it has just ended: the frame crossed the final one */
    }
    switch (frame->type) {
    case FRAME_STDIN:
        return take_input(channel, frame, why);
    case FRAME_WINDOW_CREDIT:
        if (!window_credit(&channel->window, frame_get_u32(frame->payload))) {
            *why = "a window of more than 4 GiB";
            return false;
        }
        return true;
    case FRAME_RESIZE:
        take_size(channel, frame);
        return true;
    case FRAME_SIGNAL:
        if (channel->kind == KIND_EXEC && !channel->ended && frame->payload[0] >= 1 && frame->payload[0] <= 64) {
            (void) kill(-channel->pid, frame->payload[0]); /* ESRCH: it has just ended */
        }
        return true;
    default:
        channel->closing = true;
        stop(channel);
        return true;
    }
}

/* ---- output ---- */

static void output_ended(struct channel *channel, int *fd, enum frame_type type)
{
    close_fd(fd);
    if (!channel->silent) {
        link_send(type, channel->number);
    }
    if (channel->kind == KIND_CONNECT && channel->in_eof && channel->length == 0) {
        close_fd(&channel->in);
    }
    end_if_done(channel);
}

static void read_output(struct channel *channel, int *fd, int64_t *left, enum frame_type type)
{
    size_t space;
    uint8_t *at = link_data_space(&space);
    size_t count = window_sendable(&channel->window, space);
    if (*left >= 0 && (int64_t) count > *left) {
        count = (size_t) *left;
    }
    if (count == 0) {
        return;
    }
    const ssize_t got = read(*fd, at, count);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        output_ended(channel, fd, type); /* a terminal nobody has open any more answers EIO */
        return;
    }
    window_sent(&channel->window, (uint32_t) got);
    link_data_done(type, channel->number, (size_t) got);
    if (channel->pty && channel->ended) {
        channel->quiet_at = now_ms() + TERMINAL_QUIET_MS;
    }
    if (*left >= 0) {
        *left -= got;
        if (*left == 0) {
            output_ended(channel, fd, type);
        }
    }
}

static void add(struct pollfd *fds, size_t *count, int fd, short events)
{
    fds[*count].fd = events != 0 ? fd : -1; /* an fd without events would still report a hang-up, again and again */
    fds[*count].events = events;
    fds[*count].revents = 0;
    (*count)++;
}

size_t channel_poll_prepare(struct pollfd *fds)
{
    size_t count = 0;
    size_t space;
    (void) link_data_space(&space);
    for (size_t i = 0; i < MAX_CHANNELS; i++) {
        const struct channel *channel = &channels[i];
        if (!channel->used) {
            continue;
        }
        const bool may_read = space > 0 && window_sendable(&channel->window, space) > 0;
        add(fds, &count, channel->in, channel->connecting || channel->length > 0 ? POLLOUT : 0);
        add(fds, &count, channel->out, may_read ? POLLIN : 0);
        add(fds, &count, channel->err, may_read || worker(channel) ? POLLIN : 0);
    }
    return count;
}

static void connect_done(struct channel *channel)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(channel->in, SOL_SOCKET, SO_ERROR, &error, &length) != 0) {
        error = errno;
    }
    if (error != 0) {
        refuse_connect(channel, error);
        return;
    }
    connected(channel);
    if (channel->used && (channel->length > 0 || channel->in_eof)) {
        write_input(channel);
    }
}

static void act(struct channel *channel, const struct pollfd *fds)
{
    if (fds[0].revents != 0 && channel->in >= 0) {
        if (channel->connecting) {
            connect_done(channel);
        } else {
            write_input(channel);
        }
    }
    if (channel->used && fds[1].revents != 0 && channel->out >= 0) {
        read_output(channel, &channel->out, &channel->out_left, FRAME_STDOUT);
    }
    if (channel->used && fds[2].revents != 0 && channel->err >= 0) {
        if (worker(channel)) {
            read_reason(channel);
            end_if_done(channel);
        } else {
            read_output(channel, &channel->err, &channel->err_left, FRAME_STDERR);
        }
    }
}

void channel_poll_done(const struct pollfd *fds, size_t count)
{
    size_t at = 0;
    /* The same walk as in prepare(): nothing opens or ends a channel in between but this loop itself. */
    for (size_t i = 0; i < MAX_CHANNELS && at < count; i++) {
        if (!channels[i].used) {
            continue;
        }
        act(&channels[i], fds + at);
        at += 3;
    }
}

int64_t channel_deadline(void)
{
    int64_t deadline = INT64_MAX;
    for (size_t i = 0; i < MAX_CHANNELS; i++) {
        const struct channel *channel = &channels[i];
        if (!channel->used) {
            continue;
        }
        if (channel->kill_at != 0 && channel->kill_at < deadline) {
            deadline = channel->kill_at;
        }
        if (channel->pty && channel->ended && channel->quiet_at < deadline) {
            deadline = channel->quiet_at;
        }
    }
    return deadline;
}

void channel_deadline_passed(int64_t now)
{
    for (size_t i = 0; i < MAX_CHANNELS; i++) {
        struct channel *channel = &channels[i];
        if (channel->used && channel->kill_at != 0 && channel->kill_at <= now) {
            channel->kill_at = INT64_MAX;
            if (!channel->ended) {
                (void) kill(-channel->pid, SIGKILL);
            }
        }
        if (channel->used && channel->pty && channel->ended && channel->quiet_at <= now && channel->out >= 0) {
            int left = 0;
            /* Without credit what is there cannot be read, so silence says nothing yet. */
            if (ioctl(channel->out, FIONREAD, &left) == 0 && left > 0) {
                channel->quiet_at = now + 500;
            } else {
                output_ended(channel, &channel->out, FRAME_STDOUT);
            }
        }
    }
}
