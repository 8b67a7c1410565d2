/*
 * banger-launch [--ring FILE:BYTES]... [--tap NAME] -- PROGRAM ARGUMENTS
 * banger-launch --tsc-khz
 * banger-launch --kvm
 *
 * Becomes PROGRAM (the pid stays) in a session of its own, with what it inherits reduced to a minimum. Its standard
 * output goes into the first ring, its standard error into the second and what it writes to descriptor 4 into the third:
 * FILE and FILE.1 together never exceed BYTES.
 *
 * Two more processes keep the rings, and end when PROGRAM's pipes do. The relay empties the pipes and never touches a
 * disk; the writer writes files and may hang on one. Between them is a pipe that the relay writes without waiting: when
 * the disk stands still output is lost and said to be lost, but PROGRAM goes on.
 *
 * --tap: PROGRAM finds the tap of that name, which must be there, open as descriptor 3. It needs no right to the host's
 * network for that.
 *
 * --tsc-khz prints how fast this machine's time stamp counter runs, for the kernel parameter tsc_early_khz. QEMU's software
 * emulation shows a guest the host's counter; a guest kernel that has to measure it against an emulated timer sometimes
 * fails, and then waits for ever for a timer interrupt.
 *
 * --kvm prints "works" where /dev/kvm runs guests, and fails with the reason where it does not.
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RINGS 3
/* pipe(7): a write of at most PIPE_BUF bytes goes into a pipe whole or, without waiting, not at all. */
#define CHUNK PIPE_BUF
#define SMALLEST_RING 8192
#define TAP_DESCRIPTOR 3
#define THIRD_DESCRIPTOR 4
#define USAGE "usage: banger-launch [--ring FILE:BYTES]... [--tap NAME] -- PROGRAM [ARGUMENTS]"

struct ring {
    int directory;
    char name[NAME_MAX + 1];
    char old_name[NAME_MAX + 1];
    uint64_t half;
    int file;
    uint64_t size;
};

static struct ring rings[RINGS];
static size_t ring_count;

static void complain(int fd, const char *what, const char *name, int error)
{
    char line[PATH_MAX + 256];
    const int length = snprintf(line, sizeof line, "banger-launch: %s%s%s%s%s\n", what, name[0] != 0 ? " " : "", name,
        error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
    if (length > 0) {
        const size_t count = (size_t) length < sizeof line ? (size_t) length : sizeof line - 1;
        (void) !write(fd, line, count); /* nobody else to tell */
    }
}

void give_up(const char *what, const char *name, int error)
{
    complain(STDERR_FILENO, what, name, error);
    _exit(EXIT_SETUP);
}

/* ---- the writer ---- */

static void open_ring(struct ring *ring)
{
    struct stat status;
    /* O_NOFOLLOW: never through a link somebody put there. O_NONBLOCK: a FIFO of that name must not hold us up. */
    ring->file = openat(ring->directory, ring->name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (ring->file < 0) {
        return;
    }
    if (fstat(ring->file, &status) != 0 || !S_ISREG(status.st_mode) || fchmod(ring->file, 0600) != 0) {
        (void) close(ring->file);
        ring->file = -1;
        return;
    }
    ring->size = (uint64_t) status.st_size;
}

static void turn_ring(struct ring *ring)
{
    (void) close(ring->file);
    ring->file = -1;
    if (renameat(ring->directory, ring->name, ring->directory, ring->old_name) != 0) {
        /* Full all the same: empty it, or the bound would not hold. */
        (void) unlinkat(ring->directory, ring->name, 0);
    }
    open_ring(ring);
}

static void keep(struct ring *ring, const char *bytes, size_t count)
{
    if (ring->file < 0) {
        open_ring(ring); /* the directory may be back, the disk may have room again */
    }
    while (count > 0 && ring->file >= 0) {
        if (ring->size >= ring->half) {
            turn_ring(ring);
            continue;
        }
        const uint64_t room = ring->half - ring->size;
        const ssize_t done = write(ring->file, bytes, room < count ? (size_t) room : count);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return; /* a full disk: this part is lost, the next is tried again */
        }
        bytes += done;
        count -= (size_t) done;
        ring->size += (uint64_t) done;
    }
}

static ssize_t read_chunk(int fd, char *chunk)
{
    ssize_t got;
    do {
        got = read(fd, chunk, CHUNK);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* Runs `take` for every chunk of every input until all inputs are at their end. */
static void each_chunk(int inputs[RINGS], void (*take)(size_t, const char *, size_t))
{
    char chunk[CHUNK];
    for (;;) {
        struct pollfd fds[RINGS];
        bool any = false;
        for (size_t i = 0; i < RINGS; i++) {
            fds[i] = (struct pollfd) {inputs[i], POLLIN, 0};
            any = any || inputs[i] >= 0;
        }
        if (!any) {
            return;
        }
        if (poll(fds, RINGS, -1) < 0) {
            continue; /* EINTR */
        }
        for (size_t i = 0; i < RINGS; i++) {
            if (fds[i].revents == 0) {
                continue;
            }
            const ssize_t got = read_chunk(inputs[i], chunk);
            if (got > 0) {
                take(i, chunk, (size_t) got);
            } else {
                (void) close(inputs[i]);
                inputs[i] = -1;
            }
        }
    }
}

static void write_chunk(size_t i, const char *chunk, size_t count)
{
    keep(&rings[i], chunk, count);
}

/* ---- the relay ---- */

#define PATIENCE_MS 1000

static int to_writer[RINGS];
static uint64_t lost[RINGS];

/* The writer may be a moment behind a burst of output; one that does not move for so long is not waited for again. */
static bool hand_to_writer(size_t i, const char *bytes, size_t count, int patience)
{
    if (write(to_writer[i], bytes, count) == (ssize_t) count) {
        return true;
    }
    struct pollfd room = {to_writer[i], POLLOUT, 0};
    return errno == EAGAIN && poll(&room, 1, patience) == 1 && write(to_writer[i], bytes, count) == (ssize_t) count;
}

static void say_what_is_lost(size_t i)
{
    char note[80];
    const int length = snprintf(note, sizeof note, "\n[%llu bytes lost: the disk was too slow]\n", (unsigned long long) lost[i]);
    if (lost[i] > 0 && length > 0 && hand_to_writer(i, note, (size_t) length, 0)) {
        lost[i] = 0;
    }
}

static void relay_chunk(size_t i, const char *chunk, size_t count)
{
    say_what_is_lost(i);
    if (lost[i] > 0 || !hand_to_writer(i, chunk, count, PATIENCE_MS)) {
        lost[i] += count;
    }
}

/* ---- both ---- */

static void close_but(const int *kept, size_t count)
{
    int highest = STDERR_FILENO;
    for (size_t i = 0; i < count; i++) {
        if (kept[i] > highest) {
            highest = kept[i];
        }
    }
    for (int fd = 0; fd <= highest; fd++) {
        bool keep_it = false;
        for (size_t i = 0; i < count; i++) {
            keep_it = keep_it || kept[i] == fd;
        }
        if (!keep_it) {
            (void) close(fd);
        }
    }
    (void) close_range((unsigned) highest + 1, ~0U, 0); /* before Linux 5.9 there is no such call; the daemon's are CLOEXEC */
}

static void be_nobodys_victim(void)
{
    const int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0) {
        (void) !write(score, "0", 1); /* raising it back needs no privilege, lowering may; then it stays */
        (void) close(score);
    }
    (void) signal(SIGHUP, SIG_IGN);
    (void) signal(SIGPIPE, SIG_IGN);
    (void) prctl(PR_SET_NAME, "banger-log");
    (void) !chdir("/"); /* not to hold a mount busy; the rings' directories are open */
}

static void run_loggers(int inputs[RINGS]) __attribute__((noreturn));

static void run_loggers(int inputs[RINGS])
{
    int from_relay[RINGS] = {-1, -1, -1};
    int kept[RINGS * 3];
    size_t count = 0;
    (void) setsid(); /* it cannot lead a group: it was just forked */
    for (size_t i = 0; i < RINGS; i++) {
        to_writer[i] = -1;
        if (i >= ring_count) {
            continue;
        }
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0) {
            _exit(1);
        }
        from_relay[i] = ends[0];
        to_writer[i] = ends[1];
    }
    const pid_t writer = fork();
    if (writer < 0) {
        _exit(1);
    }
    for (size_t i = 0; i < ring_count; i++) {
        kept[count++] = writer == 0 ? from_relay[i] : to_writer[i];
        kept[count++] = writer == 0 ? rings[i].directory : inputs[i];
    }
    be_nobodys_victim();
    close_but(kept, count);
    each_chunk(writer == 0 ? from_relay : inputs, writer == 0 ? write_chunk : relay_chunk);
    for (size_t i = 0; writer != 0 && i < ring_count; i++) {
        say_what_is_lost(i);
    }
    _exit(0);
}

/* Forked twice, so that PROGRAM has no child that it knows nothing of. */
static void start_loggers(int inputs[RINGS], const int outputs[RINGS])
{
    int status;
    const pid_t pid = fork();
    if (pid < 0) {
        give_up("cannot fork", "", errno);
    }
    if (pid == 0) {
        const pid_t logger = fork();
        if (logger != 0) {
            _exit(logger < 0 ? 1 : 0);
        }
        for (size_t i = 0; i < ring_count; i++) {
            (void) close(outputs[i]);
        }
        run_loggers(inputs);
    }
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            give_up("cannot wait for the logger", "", errno);
        }
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        give_up("cannot start the logger", "", 0);
    }
}

/* ---- the program ---- */

static void parse_ring(const char *text)
{
    static char path[PATH_MAX];
    const char *colon = strrchr(text, ':');
    char *end;
    if (ring_count == RINGS || colon == NULL || colon == text || (size_t) (colon - text) >= sizeof path) {
        give_up("--ring takes FILE:BYTES and may be given three times, not", text, 0);
    }
    errno = 0;
    const unsigned long long bytes = strtoull(colon + 1, &end, 10);
    if (errno != 0 || *end != 0 || colon[1] < '0' || colon[1] > '9' || bytes < SMALLEST_RING) {
        give_up("a ring has a size of at least 8192 bytes, not", text, 0);
    }
    memcpy(path, text, (size_t) (colon - text));
    path[colon - text] = 0;
    struct ring *ring = &rings[ring_count++];
    char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (*name == 0 || strlen(name) > NAME_MAX - 2) {
        give_up("a ring's file needs a name that is not too long:", text, 0);
    }
    (void) snprintf(ring->name, sizeof ring->name, "%s", name);
    (void) snprintf(ring->old_name, sizeof ring->old_name, "%.*s.1", NAME_MAX - 2, name);
    if (slash != NULL) {
        slash[slash == path ? 1 : 0] = 0;
    }
    ring->directory = open(slash != NULL ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ring->directory < 0) {
        give_up("cannot open the directory of", text, errno);
    }
    ring->half = bytes / 2;
    ring->file = -1;
}

static void reset_signals(void)
{
    struct sigaction standard;
    sigset_t none;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    for (int i = 1; i < NSIG; i++) {
        (void) sigaction(i, &standard, NULL); /* EINVAL for SIGKILL, SIGSTOP and glibc's own two */
    }
    (void) sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) != 0) {
        give_up("cannot empty the signal mask", "", errno);
    }
}

static void close_inherited(void)
{
    if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0) {
        return;
    }
    struct rlimit files;
    const int last = getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 65536 ? (int) files.rlim_cur : 65536;
    for (int fd = STDERR_FILENO + 1; fd < last; fd++) { /* before Linux 5.11 */
        (void) fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
}

static int open_tap(const char *name)
{
    struct ifreq request;
    memset(&request, 0, sizeof request);
    if (strlen(name) >= sizeof request.ifr_name) {
        give_up("no name of a tap:", name, 0);
    }
    /* TUNSETIFF makes what is not there, in nobody's book. */
    if (if_nametoindex(name) == 0) {
        give_up("there is no tap", name, errno);
    }
    memcpy(request.ifr_name, name, strlen(name));
    /* Without IFF_VNET_HDR: then the network card is the same as in user mode, and what was saved there can be restored here. */
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    const int tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (tap < 0 || ioctl(tap, TUNSETIFF, &request) != 0) {
        give_up("cannot open the tap", name, errno);
    }
    return tap;
}

static void give_tap(int tap)
{
    if (tap != TAP_DESCRIPTOR && dup2(tap, TAP_DESCRIPTOR) != TAP_DESCRIPTOR) {
        give_up("cannot hand on the tap", "", errno);
    }
    if (fcntl(TAP_DESCRIPTOR, F_SETFD, 0) != 0) { /* dup2 clears it but where both are the same */
        give_up("cannot hand on the tap", "", errno);
    }
}

/* ---- the time stamp counter ---- */

#if defined(__x86_64__)
#include <x86intrin.h>

struct moment {
    uint64_t ticks;
    uint64_t ns;
};

/* The counter and the clock at the same moment: of several tries the one between whose two counts the least time passed. */
static struct moment read_both(void)
{
    struct moment best = {0, 0};
    uint64_t narrowest = UINT64_MAX;
    for (int i = 0; i < 32; i++) {
        struct timespec time;
        const uint64_t before = __rdtsc();
        if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) {
            give_up("cannot read the clock", "", errno);
        }
        const uint64_t after = __rdtsc();
        if (after - before < narrowest) {
            narrowest = after - before;
            best.ticks = before + narrowest / 2;
            best.ns = (uint64_t) time.tv_sec * 1000000000 + (uint64_t) time.tv_nsec;
        }
    }
    return best;
}

static int print_tsc_khz(void)
{
    const struct timespec time = {0, 300000000}; /* an error of 100 ns at either end is less than one part in a million */
    const struct moment start = read_both();
    (void) nanosleep(&time, NULL); /* shorter by a signal only makes it less exact */
    const struct moment end = read_both();
    if (end.ns <= start.ns || end.ticks <= start.ticks) {
        give_up("the time stamp counter does not run", "", 0);
    }
    return printf("%.0f\n", (double) (end.ticks - start.ticks) * 1e6 / (double) (end.ns - start.ns)) > 0 ? 0 : EXIT_SETUP;
}
#else
static int print_tsc_khz(void)
{
    give_up("this machine's processor has no time stamp counter that is known", "", 0);
}
#endif

int main(int count, char **arguments)
{
    int inputs[RINGS] = {-1, -1, -1};
    int outputs[RINGS] = {-1, -1, -1};
    const char *tap_name = NULL;
    int at = 1;
    if (count == 2 && strcmp(arguments[1], "--tsc-khz") == 0) {
        return print_tsc_khz();
    }
    if (count == 2 && strcmp(arguments[1], "--kvm") == 0) {
        return print_whether_kvm_works();
    }
    while (at < count && strcmp(arguments[at], "--") != 0) {
        const bool is_ring = strcmp(arguments[at], "--ring") == 0;
        if (at + 1 >= count || (!is_ring && strcmp(arguments[at], "--tap") != 0)) {
            give_up(USAGE "; not", arguments[at], 0);
        }
        if (is_ring) {
            parse_ring(arguments[at + 1]);
        } else {
            tap_name = arguments[at + 1];
        }
        at += 2;
    }
    if (at + 1 >= count) {
        give_up(USAGE, "", 0);
    }
    char **program = arguments + at + 1;
    (void) umask(077);
    if (setsid() < 0 && getsid(0) != getpid()) {
        give_up("cannot start a session: run it as a child, not as the leader of a process group", "", errno);
    }
    for (size_t i = 0; i < ring_count; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) {
            give_up("cannot make a pipe", "", errno);
        }
        inputs[i] = ends[0];
        /* Above those that are given to PROGRAM, so that none of these takes the place of one still needed. */
        outputs[i] = fcntl(ends[1], F_DUPFD_CLOEXEC, THIRD_DESCRIPTOR + 1);
        if (outputs[i] < 0) {
            give_up("cannot make a pipe", "", errno);
        }
        (void) close(ends[1]);
    }
    if (ring_count > 0) {
        start_loggers(inputs, outputs);
    }
    const int tap = tap_name == NULL ? -1 : open_tap(tap_name);
    const struct rlimit no_core = {0, 0};
    if (setrlimit(RLIMIT_CORE, &no_core) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        give_up("cannot give up core dumps and privileges", "", errno);
    }
    reset_signals();
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int caller = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, THIRD_DESCRIPTOR + 1); /* where a failure to execute is told */
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0) {
        give_up("cannot use /dev/null", "", errno);
    }
    for (size_t i = 0; i < ring_count && i < 2; i++) {
        if (dup2(outputs[i], i == 0 ? STDOUT_FILENO : STDERR_FILENO) < 0) {
            give_up("cannot redirect the output of", program[0], errno);
        }
    }
    close_inherited();
    if (tap >= 0) {
        give_tap(tap);
    }
    if (ring_count == RINGS && dup2(outputs[2], THIRD_DESCRIPTOR) < 0) { /* which clears FD_CLOEXEC */
        give_up("cannot redirect the output of", program[0], errno);
    }
    (void) execvp(program[0], program);
    const int error = errno;
    complain(caller >= 0 ? caller : STDERR_FILENO, "cannot execute", program[0], error);
    return error == ENOENT || error == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}
