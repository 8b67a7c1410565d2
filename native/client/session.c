#include "client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    /* Output handed on before the daemon is told that there is room again. */
    GRANT_STEP = FRAME_WINDOW / 4,
    /* POSIX: a pipe that polls writable takes this much without blocking. */
    PIPE_CHUNK = 4096,
    DRAIN_ROUNDS = 16,
    GUARD_US = 20000,
    OUTGOING = FRAME_MAX + 2 * (FRAME_HEADER + FRAME_MAX_DATA),
    /* Kept free for WINDOW, RESIZE and SIGNAL. */
    CONTROL_RESERVE = 4096,
    /* `timeout` and a terminal may deliver one Ctrl-C twice; a person needs longer. */
    SECOND_INTERRUPT_MIN_MS = 200,
    SECOND_INTERRUPT_MAX_MS = 2000,
};

/* Output that came and is not written yet: at most the window. */
struct ring {
    uint8_t bytes[FRAME_WINDOW];
    size_t start;
    size_t length;
};

static struct session {
    const struct places *places;
    struct connection *connection;
    int signals; /* a byte for each signal that came */
    uint8_t outgoing_bytes[OUTGOING];
    struct frame_writer outgoing;
    size_t outgoing_sent;
    bool send_broken;

    struct frame_window input;  /* STDIN */
    struct frame_window output; /* STDOUT and STDERR share one */
    struct ring out;
    struct ring err;
    bool out_is_file; /* regular files never block and never poll */
    bool err_is_file;
    uint32_t handed_on; /* since the last WINDOW */
    bool input_ended;

    bool reacted; /* a frame came since the last interrupt */
    int64_t interrupted_at;

    enum { RUNNING, EXITED, REFUSED, BECOMING, LOST } end;
    uint32_t exit_status;
    /* The final frame's payload, kept while buffered output is written. */
    uint8_t final_bytes[FRAME_MAX_PAYLOAD];
    size_t final_length;
} session;

/* ---- sending ---- */
static size_t outgoing_room(void) {
    struct frame_writer *writer = &session.outgoing;
    if (session.outgoing_sent > 0) {
        memmove(writer->buffer, writer->buffer + session.outgoing_sent, writer->length - session.outgoing_sent);
        size_t left = writer->length - session.outgoing_sent;
        frame_writer_init(writer, session.outgoing_bytes, sizeof session.outgoing_bytes);
        writer->length = left;
        session.outgoing_sent = 0;
    }
    return writer->capacity - writer->length;
}

static void flush_outgoing(void) {
    while (!session.send_broken && session.outgoing_sent < session.outgoing.length) {
        ssize_t sent = send(session.connection->fd, session.outgoing.buffer + session.outgoing_sent,
                            session.outgoing.length - session.outgoing_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            session.outgoing_sent += (size_t)sent;
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            session.send_broken = true; /* what the daemon said last may still be there to read */
        }
    }
}

/* Where the daemon has not read for so long that the reserve is used up, a control frame is dropped. */
static bool begin_frame(enum frame_type type) {
    if (session.end != RUNNING || outgoing_room() < FRAME_HEADER + sizeof(uint32_t)) {
        return false;
    }
    frame_begin(&session.outgoing, type, 0);
    return true;
}

static bool grant(uint32_t count) {
    if (!begin_frame(FRAME_WINDOW_CREDIT)) {
        return false;
    }
    frame_u32(&session.outgoing, count);
    (void)frame_end(&session.outgoing); /* the room was looked at */
    window_grant(&session.output, count);
    return true;
}

static void send_size(void) {
    uint16_t rows;
    uint16_t columns;
    if (terminal_size(&rows, &columns) && begin_frame(FRAME_RESIZE)) {
        frame_u16(&session.outgoing, rows);
        frame_u16(&session.outgoing, columns);
        (void)frame_end(&session.outgoing);
    }
}

static void send_signal(int number) {
    if (number == SIGINT && !terminal_is_raw()) {
        int64_t now = monotonic_ms();
        int64_t since = now - session.interrupted_at;
        if (session.interrupted_at != 0 && !session.reacted && since >= SECOND_INTERRUPT_MIN_MS
            && since <= SECOND_INTERRUPT_MAX_MS) {
            fail(STATUS_SIGNAL + SIGINT, "bangerd does not react, left without waiting for it");
        }
        if (session.interrupted_at == 0 || session.reacted || since > SECOND_INTERRUPT_MAX_MS) {
            session.interrupted_at = now;
            session.reacted = false;
        }
    }
    if (begin_frame(FRAME_SIGNAL)) {
        frame_u8(&session.outgoing, (uint8_t)number);
        (void)frame_end(&session.outgoing);
    }
}

static void take_signals(void) {
    uint8_t numbers[64];
    ssize_t count;
    while ((count = read(session.signals, numbers, sizeof numbers)) > 0) {
        for (ssize_t i = 0; i < count; i++) {
            int number = numbers[i];
            if (number == SIGCONT) {
                terminal_resume();
                send_size();
            } else if (number == SIGWINCH) {
                send_size();
            } else if (session.end != RUNNING) {
                signals_die_of(number); /* nobody is there to relay it to: only output is left to write */
            } else {
                send_signal(number);
            }
        }
    }
}

static void read_input(void) {
    uint8_t bytes[FRAME_MAX_DATA];
    uint32_t count = window_sendable(&session.input, sizeof bytes);
    ssize_t got = read(STDIN_FILENO, bytes, count);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    if (got < 0) {
        got = 0; /* a terminal that hung up, a descriptor that cannot be read: the end, as the command sees it */
    }
    frame_begin(&session.outgoing, FRAME_STDIN, 0);
    frame_bytes(&session.outgoing, bytes, (size_t)got);
    (void)frame_end(&session.outgoing); /* the room was looked at */
    window_sent(&session.input, (uint32_t)got);
    session.input_ended = got == 0;
}

/* ---- output ---- */
static void ring_put(struct ring *ring, const uint8_t *bytes, size_t count) {
    size_t at = (ring->start + ring->length) % sizeof ring->bytes;
    size_t first = count < sizeof ring->bytes - at ? count : sizeof ring->bytes - at;
    memcpy(ring->bytes + at, bytes, first);
    memcpy(ring->bytes, bytes + first, count - first);
    ring->length += count;
}

static _Noreturn void reader_is_gone(const char *name) {
    (void)close(session.connection->fd); /* the daemon cancels the command */
    if (signals_pipe_was_ignored()) {
        fail(STATUS_FAILED, "cannot write to %s: %s", name, strerror(EPIPE));
    }
    signals_die_of(SIGPIPE);
}

/*
 * The descriptor is shared with whoever started us, so it stays blocking. Only what it polls ready for is written, and
 * where somebody else filled it in between, the timer ends the blocked write: signals are never held up.
 */
static void write_output(struct ring *ring, int fd, bool is_file, const char *name) {
    static const struct itimerval guard = {.it_interval.tv_usec = GUARD_US, .it_value.tv_usec = GUARD_US};
    static const struct itimerval none;
    for (int round = 0; ring->length > 0 && round < DRAIN_ROUNDS; round++) {
        size_t count = sizeof ring->bytes - ring->start;
        count = count < ring->length ? count : ring->length;
        if (!is_file) {
            struct pollfd ready = {.fd = fd, .events = POLLOUT};
            if (poll(&ready, 1, 0) <= 0) {
                return;
            }
            count = count < PIPE_CHUNK ? count : PIPE_CHUNK;
            (void)setitimer(ITIMER_REAL, &guard, NULL);
        }
        ssize_t written = write(fd, ring->bytes + ring->start, count);
        int error = errno;
        if (!is_file) {
            (void)setitimer(ITIMER_REAL, &none, NULL);
        }
        if (written >= 0) {
            ring->start = (ring->start + (size_t)written) % sizeof ring->bytes;
            ring->length -= (size_t)written;
            session.handed_on += (uint32_t)written;
        } else if (error == EPIPE) {
            reader_is_gone(name);
        } else if (error == EAGAIN || error == EINTR) {
            return;
        } else {
            fail(STATUS_FAILED, "cannot write to %s: %s", name, strerror(error));
        }
    }
}

static void write_outputs(void) {
    write_output(&session.out, STDOUT_FILENO, session.out_is_file, "standard output");
    write_output(&session.err, STDERR_FILENO, session.err_is_file, "standard error");
    if (session.handed_on >= GRANT_STEP && grant(session.handed_on)) {
        session.handed_on = 0;
    }
}

/* ---- receiving ---- */
static _Noreturn void protocol_error(const char *what) {
    fail(STATUS_FAILED, "bangerd broke the protocol (%s); its log: %s/bangerd.log", what, session.places->state);
}

static void take_output(struct ring *ring, const struct frame *frame) {
    if (!window_received(&session.output, frame->length)) {
        protocol_error("more output than granted");
    }
    ring_put(ring, frame->payload, frame->length);
}

static void finish(int end, const struct frame *frame) {
    session.end = end;
    memcpy(session.final_bytes, frame->payload, frame->length);
    session.final_length = frame->length;
}

static void take_frame(const struct frame *frame) {
    if (frame->channel != 0) {
        protocol_error("a channel other than 0");
    }
    session.reacted = true;
    switch ((enum frame_type)frame->type) {
    case FRAME_STDOUT:
        take_output(&session.out, frame);
        return;
    case FRAME_STDERR:
        take_output(&session.err, frame);
        return;
    case FRAME_WINDOW_CREDIT:
        if (!window_credit(&session.input, frame_get_u32(frame->payload))) {
            protocol_error("too much credit");
        }
        return;
    case FRAME_TERMINAL:
        terminal_raw(frame->payload[0] != 0);
        return;
    case FRAME_EXIT:
        session.exit_status = frame_get_u32(frame->payload);
        finish(EXITED, frame);
        return;
    case FRAME_ERROR:
        finish(REFUSED, frame);
        return;
    case FRAME_BECOME:
        finish(BECOMING, frame);
        return;
    case FRAME_HELLO:
    case FRAME_COMMAND:
    case FRAME_EXEC:
    case FRAME_CONNECT:
    case FRAME_GET:
    case FRAME_PUT:
    case FRAME_IDENTITY:
    case FRAME_STATS:
    case FRAME_SYNC:
    case FRAME_POWEROFF:
    case FRAME_STARTED:
    case FRAME_REPLY:
    case FRAME_STDIN:
    case FRAME_RESIZE:
    case FRAME_SIGNAL:
    case FRAME_CLOSE:
    case FRAME_SHUTDOWN:
    case FRAME_EVENT:
        break;
    }
    protocol_error(frame_type_name(frame->type));
}

static void take_frames(void) {
    struct frame_parser *parser = &session.connection->parser;
    struct frame frame;
    while (session.end == RUNNING) {
        enum frame_result result = frame_parser_next(parser, &frame);
        if (result == FRAME_TAKEN) {
            take_frame(&frame);
        } else if (result == FRAME_BROKEN) {
            protocol_error(parser->error);
        } else {
            return;
        }
    }
}

static void receive_bytes(void) {
    uint8_t *at;
    size_t space = frame_parser_space(&session.connection->parser, &at);
    ssize_t got = recv(session.connection->fd, at, space, MSG_DONTWAIT);
    if (got > 0) {
        frame_parser_filled(&session.connection->parser, (size_t)got);
        take_frames();
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        session.end = LOST;
    }
}

/* ---- the end ---- */
static _Noreturn void end_session(void) {
    struct field field;
    static char text[3072];
    switch (session.end) {
    case EXITED:
        terminal_restore();
        exit((int)(session.exit_status & 0xff));
    case BECOMING:
        become(session.final_bytes, session.final_length);
    case REFUSED:
        if (!field_find(session.final_bytes, session.final_length, FIELD_MESSAGE, &field)) {
            protocol_error("an ERROR without a message");
        }
        (void)snprintf(text, sizeof text, "%.*s", (int)field.length, (const char *)field.value);
        fail(STATUS_FAILED, "%s", text);
    case LOST:
    case RUNNING:
        break;
    }
    fail(STATUS_FAILED, "lost the connection to bangerd before the command ended; VMs live on; its log: %s/bangerd.log",
         session.places->state);
}

/* ---- the loop ---- */
static bool is_regular(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

static void wait_for_work(void) {
    enum { CONNECTION, SIGNALS, INPUT, OUT, ERR, COUNT };
    struct pollfd polled[COUNT] = {
        [CONNECTION] = {.fd = session.connection->fd, .events = POLLIN},
        [SIGNALS] = {.fd = session.signals, .events = POLLIN},
        [INPUT] = {.fd = STDIN_FILENO, .events = POLLIN},
        [OUT] = {.fd = session.out.length > 0 ? STDOUT_FILENO : -1, .events = POLLOUT},
        [ERR] = {.fd = session.err.length > 0 ? STDERR_FILENO : -1, .events = POLLOUT},
    };
    if (session.end != RUNNING) {
        polled[CONNECTION].fd = -1;
    } else if (!session.send_broken && session.outgoing_sent < session.outgoing.length) {
        polled[CONNECTION].events |= POLLOUT;
    }
    bool wants_input = session.end == RUNNING && !session.send_broken && !session.input_ended
        && session.input.sendable > 0 && outgoing_room() >= FRAME_HEADER + FRAME_MAX_DATA + CONTROL_RESERVE;
    if (!wants_input) {
        polled[INPUT].fd = -1;
    }
    if (poll(polled, COUNT, -1) < 0) {
        if (errno != EINTR) {
            fail(STATUS_FAILED, "poll: %s", strerror(errno));
        }
        polled[CONNECTION].revents = polled[INPUT].revents = 0;
        polled[SIGNALS].revents = POLLIN;
    }
    if (polled[SIGNALS].revents != 0) {
        take_signals();
    }
    if ((polled[CONNECTION].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        receive_bytes();
    }
    if (polled[INPUT].revents != 0 && session.end == RUNNING) {
        read_input();
    }
}

void session_run(const struct places *places, struct connection *connection, int count, char **arguments) {
    session.places = places;
    session.connection = connection;
    session.out_is_file = is_regular(STDOUT_FILENO);
    session.err_is_file = is_regular(STDERR_FILENO);
    frame_writer_init(&session.outgoing, session.outgoing_bytes, sizeof session.outgoing_bytes);
    command_write(&session.outgoing, count, arguments);
    session.signals = signals_catch();
    (void)grant(FRAME_WINDOW);
    take_frames(); /* what came together with the daemon's HELLO */
    do {
        flush_outgoing();
        wait_for_work();
        write_outputs();
    } while (session.end == RUNNING || session.out.length > 0 || session.err.length > 0);
    end_session();
}
