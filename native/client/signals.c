#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int relayed[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
static int signal_pipe[2];
static struct sigaction inherited_pipe_action;
static sigset_t inherited_mask;

static void note_signal(int number) {
    int error = errno;
    uint8_t byte = (uint8_t)number;
    /* Non-blocking; where the pipe is full, thousands wait already. */
    ssize_t ignored = write(signal_pipe[1], &byte, 1);
    (void)ignored;
    errno = error;
}

static void interrupt_write(int number) {
    (void)number;
}

static void on_fatal(int number) {
    terminal_restore();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void handle(int number, void (*handler)(int), bool even_if_ignored) {
    struct sigaction before;
    struct sigaction action = {.sa_handler = handler}; /* no SA_RESTART: a blocked write returns */
    if (sigaction(number, NULL, &before) == 0 && (even_if_ignored || before.sa_handler != SIG_IGN)) {
        (void)sigaction(number, &action, NULL);
    }
}

int signals_catch(void) {
    if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        fail(STATUS_FAILED, "cannot make a pipe: %s", strerror(errno));
    }
    /* A caller that ignores a signal (nohup, a background job) wants it ignored. */
    for (size_t i = 0; i < sizeof relayed / sizeof relayed[0]; i++) {
        handle(relayed[i], note_signal, false);
    }
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++) {
        handle(fatal[i], on_fatal, false);
    }
    handle(SIGWINCH, note_signal, true);
    handle(SIGCONT, note_signal, true);
    handle(SIGALRM, interrupt_write, true);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, &inherited_pipe_action);
    sigset_t needed;
    (void)sigemptyset(&needed);
    (void)sigaddset(&needed, SIGALRM);
    (void)sigprocmask(SIG_UNBLOCK, &needed, &inherited_mask);
    return signal_pipe[0];
}

void signals_die_of(int number) {
    terminal_restore();
    (void)signal(number, SIG_DFL);
    sigset_t needed;
    (void)sigemptyset(&needed);
    (void)sigaddset(&needed, number);
    (void)sigprocmask(SIG_UNBLOCK, &needed, NULL);
    (void)raise(number);
    exit(STATUS_SIGNAL + number);
}

bool signals_pipe_was_ignored(void) {
    return inherited_pipe_action.sa_handler == SIG_IGN;
}

void signals_for_exec(void) {
    (void)sigaction(SIGPIPE, &inherited_pipe_action, NULL); /* exec resets the other handlers itself */
    (void)sigprocmask(SIG_SETMASK, &inherited_mask, NULL);
}
