/*
 * banger-agent: the initramfs's /init, which brings the machine up, and lives on as the host's hand in the guest.
 *
 * The order of the boot is made for the first answer: the port is opened as soon as its driver is there, disks are
 * mounted while the daemon thinks about the identity, and the image's init starts after the first command.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long after the identity the image's init waits for a first command to be answered. */
#define HANDOVER_MS 150
#define RETURN_MS 1000
#define SHUTDOWN_MS 2000
#define STOP_AGAIN_MS 1000

static struct {
    int port;
    int listener;     /* of a vsock, whose connection then is the port, or -1: then the port is a virtio-serial port */
    int port_wakeups; /* an epoll of the port, edge-triggered: a port without a host reports a hang-up all the time */
    int signals;
    int notices;     /* sd_notify's socket, or -1 */
    int gate;        /* PID 1 waits at its other end, or -1 */
    bool attached;   /* a host has the port open */
    bool greeted;    /* its HELLO came */
    bool root_ready; /* frames other than HELLO can be served */
    bool identified;
    bool settled;
    bool first;    /* PID 1: the image has no init */
    bool notifies; /* its init is systemd, which says when it has started */
    int64_t handover_at;
    int64_t forget_at;     /* 0: no host has left */
    int64_t stop_again_at; /* 0: nobody asked for a stop */
    const char *init;
    char boot_id[40];
} agent;

static struct frame_parser parser;
static uint8_t parser_buffer[FRAME_MAX];

const char *agent_state(void)
{
    return agent.settled ? "settled" : agent.identified ? "ready" : "waiting";
}

/* ---- the connection ---- */

static void send_event(const char *name)
{
    if (!agent.greeted || link_room() < 64) {
        return;
    }
    struct frame_writer *writer = link_writer();
    frame_begin(writer, FRAME_EVENT, 0);
    frame_field_string(writer, FIELD_NAME, name);
    link_end();
}

static void settle(void)
{
    if (!agent.settled) {
        agent.settled = true;
        stage("settled");
        send_event("init-settled");
    }
}

static void forget_connection(void)
{
    channel_forget_all();
    link_start(agent.port);
    agent.greeted = false;
}

static bool greet(const struct frame *frame)
{
    struct field nonce;
    if (frame->channel != 0 || !fields_well_formed(frame->payload, frame->length)
        || !field_find(frame->payload, frame->length, FIELD_NONCE, &nonce) || nonce.length != FRAME_NONCE) {
        return false;
    }
    forget_connection();
    agent.greeted = true;
    struct frame_writer *writer = link_writer();
    frame_begin(writer, FRAME_HELLO, 0);
    frame_field_u32(writer, FIELD_VERSION, FRAME_VERSION);
    frame_field_string(writer, FIELD_BUILD, BANGER_BUILD);
    frame_field(writer, FIELD_NONCE, nonce.value, nonce.length);
    frame_field_u32(writer, FIELD_PID, (uint32_t) getpid());
    frame_field_string(writer, FIELD_STATE, agent_state());
    frame_field_string(writer, FIELD_BOOT_ID, agent.boot_id);
    link_end();
    link_flush();
    stage("hello");
    return true;
}

static void protocol_error(const char *why)
{
    struct outcome outcome = {"INVALID_ARGUMENT", ""};
    say("the host broke the protocol: %s", why);
    (void) snprintf(outcome.message, sizeof outcome.message, "the agent was sent %s and waits for a HELLO", why);
    forget_connection();
    link_send_error(0, &outcome);
}

static void serve(const struct frame *frame)
{
    const char *why = NULL;
    if (frame->type == FRAME_HELLO) {
        if (!greet(frame)) {
            protocol_error("a HELLO without a nonce of 16 bytes");
        }
    } else if (!channel_frame(frame, &why)) {
        protocol_error(why);
    }
}

/* True where the next frame, complete or not, is one that must wait until the root disk is there. */
static bool next_must_wait(void)
{
    while (parser.start < parser.end && parser.buffer[parser.start] == 0) {
        parser.start++;
    }
    return agent.greeted && !agent.root_ready && parser.start < parser.end && parser.buffer[parser.start] != FRAME_HELLO;
}

static void take_frames(void)
{
    struct frame frame;
    while (link_room() > LINK_RESERVE / 2 && !next_must_wait()) {
        const enum frame_result result = frame_parser_next(&parser, &frame);
        if (result == FRAME_INCOMPLETE) {
            return;
        }
        if (result == FRAME_BROKEN) {
            if (agent.greeted) {
                protocol_error(parser.error);
            }
            frame_parser_skip_byte(&parser);
            continue;
        }
        if (agent.greeted) {
            serve(&frame);
        } else if (frame.type == FRAME_HELLO) {
            (void) greet(&frame); /* bytes that only look like a HELLO are skipped like all others */
        }
    }
}

/* Reads what is there. False where the host has left (virtio_console: read returns 0 when its side is closed). */
static bool read_port(void)
{
    /* Several reads and not one until EAGAIN: a host that never stops must not keep the channels from their turn. */
    for (int i = 0; i < 4; i++) {
        uint8_t *at;
        const size_t space = frame_parser_space(&parser, &at);
        if (space == 0) {
            return true;
        }
        const ssize_t got = read(agent.port, at, space);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return errno == EAGAIN;
        }
        if (got == 0) {
            return false;
        }
        frame_parser_filled(&parser, (size_t) got);
        take_frames();
    }
    return true;
}

static bool host_is_there(void)
{
    struct pollfd state = {agent.port, POLLIN, 0};
    return poll(&state, 1, 0) >= 0 && (state.revents & POLLHUP) == 0;
}

/*
 * A host that leaves is forgotten a moment later, unless it is back by then. In a restored guest the port closes and opens
 * again when a new daemon has been heard already: data comes by the interrupt, the news of the port by a work queue, late.
 * Whoever is another host says so by a HELLO.
 */
static void attach_or_detach(void)
{
    const bool there = host_is_there();
    if (there) {
        agent.forget_at = 0;
    } else if (agent.attached) {
        agent.forget_at = now_ms() + RETURN_MS;
    } else if (agent.forget_at > 0 && agent.forget_at <= now_ms()) {
        forget_connection();
        frame_parser_reset(&parser);
        agent.forget_at = 0;
    }
    agent.attached = there;
}

/* The connection through a vsock is over. PID 1 may have it open as well, so it is shut down and not only closed. */
static void hang_up(void)
{
    if (agent.port >= 0) {
        (void) shutdown(agent.port, SHUT_RDWR);
        (void) close(agent.port);
    }
    agent.port = -1;
    agent.attached = false;
    forget_connection();
    frame_parser_reset(&parser);
}

/* A host that comes takes the place of the one before: that is gone, and the news of it may be under way. */
static void take_connection(void)
{
    int fd;
    while ((fd = boot_accept(agent.listener)) >= 0) {
        hang_up();
        agent.port = fd;
        agent.attached = true;
        link_start(fd);
    }
}

static void host_left(void)
{
    if (agent.listener >= 0) {
        hang_up();
    } else {
        attach_or_detach();
    }
}

static bool open_channel(void)
{
    if (agent.listener >= 0 || agent.port >= 0) {
        return true;
    }
    if (boot_has_vsock()) {
        agent.listener = boot_listen();
    } else {
        agent.port = boot_open_port();
    }
    if (agent.listener < 0 && agent.port < 0) {
        return false;
    }
    link_start(agent.port);
    stage("port");
    return true;
}

/* Between the boot's steps: opens the channel to the host if it is there by now and answers a HELLO. */
static void pump(void)
{
    if (!open_channel()) {
        return;
    }
    if (agent.listener >= 0) {
        take_connection();
    } else {
        attach_or_detach();
    }
    if (agent.attached) {
        if (!read_port() && agent.listener >= 0) {
            hang_up(); /* that a virtio-serial port's host left is noticed by the loop */
        }
        link_flush();
    }
}

/* ---- identity, power ---- */

void agent_reply_identity(uint16_t channel)
{
    struct frame_writer *writer = link_writer();
    frame_begin(writer, FRAME_REPLY, channel);
    frame_field_string(writer, FIELD_STATE, agent_state());
    for (size_t i = 0; i < stage_count; i++) {
        frame_field_string(writer, FIELD_STAGE, stages[i].text);
    }
    link_end();
}

void agent_identity(uint16_t channel, const uint8_t *payload, size_t length)
{
    uint32_t generation;
    struct outcome outcome;
    identity_apply(payload, length, &generation, &outcome);
    if (outcome.code != NULL) {
        link_send_error(channel, &outcome);
        return;
    }
    if (!agent.identified) {
        agent.identified = true;
        agent.handover_at = now_ms() + HANDOVER_MS;
        stage("ready");
    }
    if (generation > 1 && identity_has_restore_hooks()) {
        channel_restore_hooks(channel);
    } else {
        agent_reply_identity(channel);
    }
}

static void end_machine(void) __attribute__((noreturn));

static void end_machine(void)
{
    send_event("shutting-down");
    link_drain(200);
    restart_machine();
}

/* Without an init: everything is asked to end, then the machine goes. */
static void shut_down(void) __attribute__((noreturn));

static void shut_down(void)
{
    send_event("shutting-down");
    link_drain(200);
    (void) kill(-1, SIGTERM);
    (void) kill(-1, SIGCONT);
    const int64_t deadline = now_ms() + SHUTDOWN_MS;
    while (now_ms() < deadline) {
        const struct timespec moment = {0, 5000000};
        int status;
        pid_t pid;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        }
        if (pid < 0 && errno == ECHILD) {
            break;
        }
        (void) nanosleep(&moment, NULL);
    }
    (void) kill(-1, SIGKILL);
    restart_machine();
}

static void stop_init(void)
{
    char program[MAX_PATH] = "";
    const ssize_t length = readlink("/proc/1/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = 0;
    /*
     * systemd(1): SIGRTMIN+5 starts reboot.target; a power-off would leave a halted machine, for there is no ACPI, but
     * a restart ends QEMU. busybox and OpenRC restart on SIGTERM; sysvinit on SIGINT, its ctrl-alt-del (inittab(5)).
     */
    const int restart = strstr(program, "systemd") != NULL ? SIGRTMIN + 5
        : strstr(program, "busybox") != NULL || strstr(program, "openrc") != NULL ? SIGTERM
                                                                                   : SIGINT;
    if (kill(1, restart) != 0) {
        say("cannot signal init: %s", strerror(errno));
    }
    /* An init that has only just been started has no handler yet, and signals to PID 1 without one are lost. */
    agent.stop_again_at = now_ms() + STOP_AGAIN_MS;
}

static void hand_over(void);

void agent_power_off(uint16_t channel, bool force)
{
    link_send(FRAME_REPLY, channel);
    if (force) {
        end_machine();
    }
    if (agent.first) {
        shut_down();
    }
    hand_over(); /* an init that has not started yet cannot stop anything */
    send_event("shutting-down");
    stop_init();
}

/* ---- the image's init ---- */

static int notice_socket(void)
{
    struct sockaddr_un address;
    static const char name[] = "banger-agent";
    const int on = 1;
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path + 1, name, sizeof name - 1);
    if (fd >= 0
        && (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0
            || bind(fd, (const struct sockaddr *) &address,
                   (socklen_t) (offsetof(struct sockaddr_un, sun_path) + sizeof name))
                != 0)) {
        (void) close(fd);
        return -1;
    }
    return fd;
}

/* Only PID 1 is believed: any program of the guest can send to the socket. */
static void read_notice(void)
{
    char text[512];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec part = {text, sizeof text - 1};
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(agent.notices, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    const struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    struct ucred sender;
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS) {
        return;
    }
    memcpy(&sender, CMSG_DATA(header), sizeof sender);
    if (sender.pid != 1) {
        return;
    }
    text[got] = 0;
    if (strstr(text, "READY=1") != NULL) {
        settle();
    }
    if (strstr(text, "STOPPING=1") != NULL) {
        send_event("shutting-down");
    }
}

/*
 * The agent becomes a child while there is nothing else: what it starts later must be its own child to be waited for.
 * PID 1 waits until it is let go, or until the agent is gone.
 */
static void part_from_pid_1(void)
{
    int ends[2];
    char byte;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        say("cannot make a pipe: %s", strerror(errno));
        agent.first = true;
        return;
    }
    const pid_t pid = fork();
    if (pid < 0) {
        say("cannot fork: %s", strerror(errno));
        agent.first = true;
        return;
    }
    if (pid > 0) {
        (void) close(ends[1]);
        while (read(ends[0], &byte, 1) < 0 && errno == EINTR) {
        }
        boot_run_init(agent.init);
    }
    (void) close(ends[0]);
    agent.gate = ends[1];
    (void) setsid();
}

static void survive(char *name)
{
    const int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0) {
        (void) write_all(score, "-1000", 5); /* without it the agent may be killed when memory runs out; no worse */
        (void) close(score);
    }
    /* systemd's ROOT_STORAGE_DAEMONS: a process whose argv[0] starts with @ is spared when everything is killed. */
    name[0] = '@';
    (void) prctl(PR_SET_NAME, "banger-agent");
    (void) signal(SIGHUP, SIG_IGN);
    (void) signal(SIGPIPE, SIG_IGN);
}

/* Lets the image's init start. */
static void hand_over(void)
{
    if (agent.handover_at == INT64_MAX) {
        return;
    }
    agent.handover_at = INT64_MAX;
    boot_modules("/etc/modules.late", NULL);
    boot_mount_modules();
    boot_forget_initramfs();
    stage("handover");
    if (agent.gate >= 0) {
        (void) close(agent.gate);
        agent.gate = -1;
    }
    if (!agent.notifies) {
        settle();
    }
}

/* ---- the loop ---- */

static void reap(void)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        channel_child_ended(pid, status);
    }
}

static void read_signals(void)
{
    struct signalfd_siginfo info;
    while (read(agent.signals, &info, sizeof info) == (ssize_t) sizeof info) {
        if (info.ssi_signo != SIGCHLD && agent.first) {
            shut_down();
        }
    }
    reap();
}

static int time_left(void)
{
    int64_t deadline = channel_deadline();
    if (agent.identified && agent.handover_at < deadline) {
        deadline = agent.handover_at;
    }
    if (agent.forget_at > 0 && agent.forget_at < deadline) {
        deadline = agent.forget_at;
    }
    if (agent.stop_again_at > 0 && agent.stop_again_at < deadline) {
        deadline = agent.stop_again_at;
    }
    if (deadline == INT64_MAX) {
        return -1;
    }
    const int64_t left = deadline - now_ms();
    return left <= 0 ? 0 : left > 60000 ? 60000 : (int) left;
}

static void turn(void)
{
    enum { OWN = 4 };
    static struct pollfd fds[OWN + MAX_CHANNELS * 3];
    fds[0] = (struct pollfd) {agent.signals, POLLIN, 0};
    fds[1] = (struct pollfd) {agent.notices, POLLIN, 0};
    short events = link_room() > LINK_RESERVE ? POLLIN : 0;
    if (!link_queue_empty()) {
        events |= POLLOUT;
    }
    fds[2] = agent.attached ? (struct pollfd) {agent.port, events, 0} : (struct pollfd) {agent.port_wakeups, POLLIN, 0};
    fds[3] = (struct pollfd) {agent.listener, POLLIN, 0};
    const size_t count = channel_poll_prepare(fds + OWN);
    if (poll(fds, OWN + count, time_left()) < 0) {
        return; /* EINTR only: the array is ours */
    }
    channel_poll_done(fds + OWN, count);
    if (fds[0].revents != 0) {
        read_signals();
    }
    if (fds[1].revents != 0) {
        read_notice();
    }
    if (fds[3].revents != 0) {
        take_connection();
        fds[2].revents = 0; /* of the one before */
    }
    if (fds[2].revents != 0 && !agent.attached && agent.listener < 0) {
        struct epoll_event event;
        (void) epoll_wait(agent.port_wakeups, &event, 1, 0); /* takes the edge */
        attach_or_detach();
    }
    if (agent.attached) {
        if (!read_port() || (fds[2].revents & (POLLHUP | POLLERR)) != 0) {
            host_left();
        } else {
            take_frames(); /* some may have waited for room */
        }
        link_flush();
    }
    const int64_t now = now_ms();
    if (agent.forget_at > 0 && agent.forget_at <= now) {
        attach_or_detach();
    }
    channel_deadline_passed(now);
    if (agent.stop_again_at > 0 && agent.stop_again_at <= now) {
        stop_init();
    }
    if (agent.identified && (agent.handover_at <= now || (channel_any_ended() && link_queue_empty()))) {
        hand_over();
    }
}

static bool prepare_loop(void)
{
    sigset_t signals;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    (void) sigemptyset(&signals);
    (void) sigaddset(&signals, SIGCHLD);
    (void) sigaddset(&signals, SIGTERM);
    (void) sigaddset(&signals, SIGINT);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0) {
        return false;
    }
    agent.signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    agent.port_wakeups = epoll_create1(EPOLL_CLOEXEC);
    return agent.signals >= 0 && agent.port_wakeups >= 0
        && (agent.listener >= 0 || epoll_ctl(agent.port_wakeups, EPOLL_CTL_ADD, agent.port, &event) == 0);
}

static void give_up(const char *why) __attribute__((noreturn));

static void give_up(const char *why)
{
    say("%s; the machine restarts", why);
    restart_machine();
}

int main(int count, char **arguments)
{
    if (count < 1 || getpid() != 1) {
        (void) fprintf(stderr, "banger-agent is the init of a banger VM's initramfs and is not run by hand\n");
        return 64;
    }
    agent.port = agent.listener = agent.notices = agent.gate = -1;
    frame_parser_init(&parser, parser_buffer, sizeof parser_buffer);
    boot_early();
    if (read_file("/proc/sys/kernel/random/boot_id", agent.boot_id, sizeof agent.boot_id) > 0) {
        agent.boot_id[strcspn(agent.boot_id, "\n")] = 0;
    }
    boot_modules("/etc/modules.load", pump);
    if (boot_has_vsock()) {
        boot_modules("/etc/modules.vsock", pump);
    }
    if (!boot_mount_root()) {
        give_up("there is no root");
    }
    const int64_t deadline = now_ms() + 10000;
    while (!open_channel() && now_ms() < deadline) {
    }
    if (!open_channel()) {
        give_up(boot_has_vsock() ? "the vsock did not appear" : "the port dev.banger.agent did not appear");
    }
    pump();
    if (!boot_switch_root()) {
        give_up("the root cannot be used");
    }
    agent.init = boot_find_init();
    agent.first = agent.init == NULL;
    if (agent.first) {
        boot_mount_for_agent();
        (void) reboot(RB_DISABLE_CAD); /* ctrl-alt-del becomes SIGINT for PID 1 */
    } else {
        char program[PATH_MAX];
        agent.notices = notice_socket();
        agent.notifies = agent.notices >= 0 && realpath(agent.init, program) != NULL && strstr(program, "systemd") != NULL;
        part_from_pid_1();
    }
    survive(arguments[0]);
    if (!prepare_loop()) {
        give_up("the agent's loop cannot be prepared");
    }
    agent.root_ready = true;
    stage("serving");
    take_frames();
    link_flush();
    for (;;) {
        turn();
    }
}
