#include "agent.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static int port = -1;
static uint8_t queue[262144];
static size_t queue_start;
static struct frame_writer writer;

void link_start(int fd)
{
    port = fd;
    queue_start = 0;
    frame_writer_init(&writer, queue, sizeof queue);
}

static void compact(void)
{
    if (queue_start == writer.length) {
        queue_start = writer.length = writer.at = 0;
    } else if (queue_start > 0 && sizeof queue - writer.length < sizeof queue / 2) {
        memmove(queue, queue + queue_start, writer.length - queue_start);
        writer.length -= queue_start;
        writer.at = writer.length;
        queue_start = 0;
    }
}

size_t link_room(void)
{
    compact();
    return sizeof queue - writer.length;
}

struct frame_writer *link_writer(void)
{
    compact();
    return &writer;
}

void link_end(void)
{
    if (!frame_end(&writer)) {
        say("a frame did not fit into the queue");
    }
}

void link_send(enum frame_type type, uint16_t channel)
{
    frame_begin(link_writer(), type, channel);
    link_end();
}

void link_send_u32(enum frame_type type, uint16_t channel, uint32_t value)
{
    frame_begin(link_writer(), type, channel);
    frame_u32(&writer, value);
    link_end();
}

void link_send_error(uint16_t channel, const struct outcome *outcome)
{
    frame_begin(link_writer(), FRAME_ERROR, channel);
    frame_field_string(&writer, FIELD_CODE, outcome->code);
    frame_field_string(&writer, FIELD_MESSAGE, outcome->message);
    link_end();
}

uint8_t *link_data_space(size_t *space)
{
    const size_t room = link_room();
    *space = room > LINK_RESERVE + FRAME_HEADER ? room - LINK_RESERVE - FRAME_HEADER : 0;
    if (*space > FRAME_MAX_DATA) {
        *space = FRAME_MAX_DATA;
    }
    return queue + writer.length + FRAME_HEADER;
}

void link_data_done(enum frame_type type, uint16_t channel, size_t count)
{
    frame_header(queue + writer.length, type, channel, (uint32_t) count);
    writer.length += FRAME_HEADER + count;
    writer.at = writer.length;
}

bool link_queue_empty(void)
{
    return queue_start == writer.length;
}

void link_flush(void)
{
    while (!link_queue_empty()) {
        const ssize_t done = write(port, queue + queue_start, writer.length - queue_start);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            break; /* EAGAIN: poll says when; other errors show as a hang-up of the port */
        }
        queue_start += (size_t) done;
    }
    compact();
}

void link_drain(int ms)
{
    const int64_t deadline = now_ms() + ms;
    link_flush();
    while (!link_queue_empty()) {
        const int64_t left = deadline - now_ms();
        struct pollfd poll_port = {port, POLLOUT, 0};
        if (left <= 0 || poll(&poll_port, 1, (int) left) < 0 || (poll_port.revents & POLLHUP) != 0) {
            return;
        }
        link_flush();
    }
}
