/*
 * What the client's tests share: a tree to run the real client from, a daemon that speaks frames over a real socket, and
 * assertions. Every test runs in a process of its own with a time limit; a failed assertion ends it.
 */
#ifndef BANGER_CLIENT_HARNESS_H
#define BANGER_CLIENT_HARNESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "../../frames.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BUILD "test-build"
#define STARTED_DAEMON_STATUS 5 /* what a command ends with on the daemon that bin/bangerd starts */
enum { SKIPPED = 77 };

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            failed(__FILE__, __LINE__, #condition);                         \
        }                                                                   \
    } while (0)
_Noreturn void failed(const char *file, int line, const char *what);

/* ---- places ---- */
extern char directory[PATH_MAX]; /* of this test; removed afterwards */
extern char run_directory[PATH_MAX];
extern char state_directory[PATH_MAX];
/* Makes the tree (with the client under test) and sets BANGER_HOME to directory/`home`. */
void set_up(const char *home);
void write_file(const char *path, const char *text, mode_t mode);
/* bin/bangerd becomes this shell script. */
void script_daemon(const char *text);
/* bin/bangerd becomes the fake daemon that ends every command with STARTED_DAEMON_STATUS. */
void startable_daemon(void);
const char *in_directory(const char *format, ...) __attribute__((format(printf, 1, 2)));
size_t read_file(const char *path, char *out, size_t capacity);

/* ---- the client ---- */
struct client {
    pid_t pid;
    int in;  /* write end of its stdin */
    int out; /* read end of its stdout */
    int err; /* read end of its stderr */
};
struct client run_client(char *const arguments[]);
/* With given descriptors for 0, 1, 2; `leads_terminal`: a session of its own with fd 0 as controlling terminal. */
pid_t run_client_on(char *const arguments[], int in, int out, int err, bool leads_terminal);
/* Exit status, or 128+n where signal n killed it. */
int wait_client(pid_t pid);
/* Everything up to the end of file, NUL-terminated. */
size_t read_all(int fd, char *out, size_t capacity);
/* Runs to the end with empty stdin; stderr into `err`. */
int client_result(char *const arguments[], char *out, size_t out_size, char *err, size_t err_size);
#define ARGUMENTS(...) ((char *const[]){"banger", __VA_ARGS__, NULL})

/* ---- the daemon ---- */
int listen_as_daemon(void);
/* Accepts, checks the client's HELLO, answers with `build`. */
int accept_client(int listener, const char *build);
/* The same, and takes the COMMAND and the first WINDOW; the COMMAND's payload is in `command`. */
extern uint8_t command[FRAME_MAX_PAYLOAD];
extern size_t command_length;
int accept_command(int listener);
void send_frame(int fd, enum frame_type type, const void *payload, size_t length);
void send_u32(int fd, enum frame_type type, uint32_t value);
void send_data(int fd, enum frame_type type, const char *text);
/* The next frame; false at the end of the connection. */
bool next_frame(int fd, struct frame *frame);
struct frame expect(int fd, enum frame_type type);
void expect_data(int fd, enum frame_type type, const char *text);
void expect_silence(int fd, int ms);
void expect_end(int fd);
/* The process that bin/bangerd of startable_daemon() runs. */
int fake_daemon(void);

void sleep_ms(int ms);
int64_t now_ms(void);

#endif
