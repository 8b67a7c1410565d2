#include "client.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios original;
static volatile sig_atomic_t is_raw;
static bool is_wanted_raw;

static bool in_foreground(void) {
    pid_t foreground = tcgetpgrp(STDIN_FILENO);
    return foreground < 0 || foreground == getpgrp(); /* < 0: not our controlling terminal, so no job control on it */
}

/* TCSANOW: a terminal stopped with ^S never drains. SIGTTOU is held so that losing the foreground does not stop us. */
static bool set_modes(const struct termios *modes) {
    sigset_t hold;
    sigset_t before;
    (void)sigemptyset(&hold);
    (void)sigaddset(&hold, SIGTTOU);
    (void)sigprocmask(SIG_BLOCK, &hold, &before);
    int result = tcsetattr(STDIN_FILENO, TCSANOW, modes);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return result == 0;
}

/* In the background the terminal is somebody else's: then nothing happens until SIGCONT. */
static void enter_raw(void) {
    if (!in_foreground() || (is_raw == 0 && tcgetattr(STDIN_FILENO, &original) != 0)) {
        return;
    }
    struct termios raw = original;
    cfmakeraw(&raw);
    is_raw = 1; /* before the change: a signal in between restores what is there already */
    if (!set_modes(&raw)) {
        is_raw = 0;
    }
}

void terminal_raw(bool raw) {
    is_wanted_raw = raw;
    if (!raw) {
        terminal_restore();
        return;
    }
    if (!in_foreground()) {
        (void)raise(SIGTTOU); /* stops us, as it would an editor started in the background */
    }
    enter_raw();
}

bool terminal_is_raw(void) {
    return is_raw != 0;
}

void terminal_resume(void) {
    if (is_wanted_raw) {
        enter_raw();
    }
}

void terminal_restore(void) {
    if (is_raw != 0) {
        is_raw = 0;
        if (in_foreground()) { /* otherwise the terminal is somebody else's now */
            (void)set_modes(&original);
        }
    }
}

bool terminal_size(uint16_t *rows, uint16_t *columns) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        struct winsize size;
        if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
            *rows = size.ws_row;
            *columns = size.ws_col;
            return true;
        }
    }
    return false;
}
