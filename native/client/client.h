/*
 * The native client: finds or starts bangerd, hands it the command line, and is its terminal until the command ends.
 * docs/protocol.md is the contract. One thread, one connection; everything here may end the process through fail().
 */
#ifndef BANGER_CLIENT_H
#define BANGER_CLIENT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "../frames.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    STATUS_NOT_RUNNING = 3,   /* `daemon status`, as systemctl and the LSB say it */
    STATUS_FAILED = 125,      /* banger itself failed */
    STATUS_NOT_EXECUTABLE = 126,
    STATUS_NOT_FOUND = 127,
    STATUS_SIGNAL = 128,      /* + the signal's number */
};

/* ---- report.c ---- */
/* Restores the terminal, says "banger: ..." on stderr and exits with the status. */
_Noreturn void fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The last lines of a log on stderr, indented, control characters replaced; false where there is nothing to show. */
bool show_tail(const char *path, int lines);
int64_t monotonic_ms(void);
/* Sleeps that long; a signal may end it early. */
void pause_ms(int64_t ms);

/* ---- places.c ---- */
/* The tree this binary lies in: bin/banger, bin/bangerd, lib, libexec. */
struct tree {
    char root[PATH_MAX];
    char build[128];
    char version[64];
};

/* Where the daemon of this user is reached and what it logs. */
struct places {
    char run[PATH_MAX];
    char state[PATH_MAX];
};

/* printf into a path; ends the process where it does not fit. */
void path_format(char out[PATH_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));
void tree_find(struct tree *tree);
/*
 * Also makes the environment say the same to the daemon: BANGER_HOME absolute, XDG_RUNTIME_DIR only where it is
 * usable, HOME set.
 */
void places_find(struct places *places);
/* Creates what is missing with mode 0700; refuses directories that others own or may write to. */
void places_make(const struct places *places);
/* Whether the directory exists and is this user's alone. */
bool directory_is_own(const char *path);
/* Ends the process where the directory exists and is not this user's alone; false where there is none. */
bool directory_is_private(const char *path, bool follow);

/* ---- daemon.c ---- */
struct connection {
    int fd; /* -1: none */
    uint32_t daemon_pid;
    bool tolerant; /* a daemon that does not answer is as good as none */
    char build[128];
    struct frame_parser parser;
};

/* Connects and exchanges HELLO; false where no daemon listens. Its buffer is static: there is one connection. */
bool daemon_connect(const struct tree *tree, const struct places *places, struct connection *connection);
/*
 * A connection to a daemon of this build: uses the one there is, starts a daemon where there is none, replaces one of
 * another build.
 */
void daemon_require(const struct tree *tree, const struct places *places, struct connection *connection);
/* Ends the connected daemon and waits for it. */
void daemon_stop(const struct places *places, struct connection *connection);

/* ---- system.c ---- */
/* Where the daemon is reached that systemd runs for root, however root became root. */
#define ROOT_RUN "/run/banger"
/* Runs `system install|restart|status|uninstall` and ends the process; returns where the arguments are none of these. */
void system_command(int count, char **arguments, const struct tree *tree, struct places *places,
                    struct connection *connection);
/* Whether systemd is to run the daemon of this tree and these places, and can be asked to. */
bool system_runs_daemon(const struct tree *tree, const struct places *places);
/* Becomes the program that has systemd start the daemon, and ends when that is ready. */
_Noreturn void system_become_start(void);

/* ---- command.c ---- */
/* Writes the COMMAND: the arguments and what the daemon should know of this process. */
void command_write(struct frame_writer *writer, int count, char **arguments);

/* ---- become.c ---- */
/* Ends as BECOME says: this process is the program from now on. */
_Noreturn void become(const uint8_t *payload, size_t length);

/* ---- signals.c ---- */
/* From now on signals come as bytes from the descriptor returned, and a write to a closed pipe fails with EPIPE. */
int signals_catch(void);
/* What a program does that the signal ends; restores the terminal. */
_Noreturn void signals_die_of(int number);
bool signals_pipe_was_ignored(void);
/* Back to what this process was started with. */
void signals_for_exec(void);

/* ---- session.c ---- */
/* Sends the command and is its terminal until it ends, and then ends as it did. */
_Noreturn void session_run(const struct places *places, struct connection *connection, int count, char **arguments);

/* ---- terminal.c ---- */
/* Standard input's terminal to raw mode or back; nothing happens where it is no terminal. */
void terminal_raw(bool raw);
bool terminal_is_raw(void);
/* After SIGCONT: the shell has set its own modes meanwhile, or we are in the foreground only now. */
void terminal_resume(void);
/* Async-signal-safe; does nothing where the mode was never changed. */
void terminal_restore(void);
/* The size of the first standard stream that is a terminal. */
bool terminal_size(uint16_t *rows, uint16_t *columns);

#endif
