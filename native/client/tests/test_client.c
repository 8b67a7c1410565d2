/* The client as its users see it: the real program, a real socket, real pipes and terminals. See harness.h. */
#include "harness.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static char out_text[16384];
static char err_text[16384];

static int result(char *const arguments[]) {
    return client_result(arguments, out_text, sizeof out_text, err_text, sizeof err_text);
}

static bool says(const char *text) {
    bool found = strstr(err_text, text) != NULL;
    if (!found) {
        (void)fprintf(stderr, "  stderr was: %s\n", err_text);
    }
    return found;
}

/* The n-th string of that tag in the COMMAND. */
static const char *command_string(unsigned tag, int number) {
    static char text[FRAME_MAX_PAYLOAD];
    struct field_reader reader;
    struct field field;
    field_reader_init(&reader, command, command_length);
    while (field_next(&reader, &field)) {
        if (field.tag == tag && number-- == 0) {
            CHECK(field_string(&field, text, sizeof text));
            return text;
        }
    }
    return NULL;
}

static bool command_has_env(const char *variable) {
    const char *text;
    for (int i = 0; (text = command_string(FIELD_ENV, i)) != NULL; i++) {
        if (strcmp(text, variable) == 0) {
            return true;
        }
    }
    return false;
}

static void send_final_strings(int fd, enum frame_type type, const unsigned *tags, const char *const *texts, int count) {
    static uint8_t bytes[4096];
    struct frame_writer writer;
    frame_writer_init(&writer, bytes, sizeof bytes);
    frame_begin(&writer, type, 0);
    for (int i = 0; i < count; i++) {
        frame_field_string(&writer, (enum field_tag)tags[i], texts[i]);
    }
    CHECK(frame_end(&writer) && send(fd, bytes, writer.length, MSG_NOSIGNAL) == (ssize_t)writer.length);
}

/* ---- the command ---- */
static void arguments_environment_and_directory_arrive_byte_for_byte(void) {
    set_up("home");
    int listener = listen_as_daemon();
    CHECK(clearenv() == 0);
    CHECK(setenv("BANGER_HOME", in_directory("home"), 1) == 0);
    CHECK(setenv("HOME", "/no where", 1) == 0 && setenv("LC_ODD", "\xff\xfe=\n", 1) == 0 && setenv("BANGER_X", "", 1) == 0);
    CHECK(setenv("SECRET", "s3cret", 1) == 0 && setenv("PATHOLOGY", "x", 1) == 0 && setenv("NO_COLOR", "1", 1) == 0);
    CHECK(mkdir(in_directory("odd \xc3\xa4\n dir"), 0700) == 0 && chdir(in_directory("odd \xc3\xa4\n dir")) == 0);
    struct client client = run_client(ARGUMENTS("vm", "", "a b", "--", "'\"$(x)`\\", "line\nline", "\xff\x80", "\xc3\xa4"));
    int fd = accept_command(listener);
    static const char *const wanted[] = {"vm", "", "a b", "--", "'\"$(x)`\\", "line\nline", "\xff\x80", "\xc3\xa4"};
    for (int i = 0; i < 8; i++) {
        CHECK(strcmp(command_string(FIELD_ARG, i), wanted[i]) == 0);
    }
    CHECK(command_string(FIELD_ARG, 8) == NULL);
    CHECK(command_has_env("HOME=/no where") && command_has_env("LC_ODD=\xff\xfe=\n") && command_has_env("BANGER_X="));
    CHECK(command_has_env("NO_COLOR=1") && !command_has_env("SECRET=s3cret") && !command_has_env("PATHOLOGY=x"));
    CHECK(strcmp(command_string(FIELD_CWD, 0), in_directory("odd \xc3\xa4\n dir")) == 0);
    struct field tty;
    uint8_t bits = 255;
    CHECK(field_find(command, command_length, FIELD_TTY, &tty) && field_u8(&tty, &bits) && bits == 0);
    send_u32(fd, FRAME_EXIT, 0);
    CHECK(wait_client(client.pid) == 0);
}

static void no_arguments_are_no_arguments(void) {
    set_up("home");
    int listener = listen_as_daemon();
    struct client client = run_client((char *const[]){"banger", NULL});
    int fd = accept_command(listener);
    CHECK(command_string(FIELD_ARG, 0) == NULL);
    send_u32(fd, FRAME_EXIT, 2);
    CHECK(wait_client(client.pid) == 2);
}

static void a_relative_banger_home_is_made_absolute_for_the_daemon(void) {
    set_up("home");
    int listener = listen_as_daemon();
    CHECK(chdir(directory) == 0 && setenv("BANGER_HOME", "home", 1) == 0);
    struct client client = run_client(ARGUMENTS("vm"));
    int fd = accept_command(listener);
    char wanted[PATH_MAX + 32];
    (void)snprintf(wanted, sizeof wanted, "BANGER_HOME=%s/home", directory);
    CHECK(command_has_env(wanted));
    send_u32(fd, FRAME_EXIT, 0);
    CHECK(wait_client(client.pid) == 0);
}

static void the_exit_status_is_the_commands(void) {
    static const int statuses[] = {0, 1, 42, 126, 137, 255};
    set_up("home");
    int listener = listen_as_daemon();
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct client client = run_client(ARGUMENTS("vm"));
        int fd = accept_command(listener);
        send_u32(fd, FRAME_EXIT, (uint32_t)statuses[i]);
        CHECK(wait_client(client.pid) == statuses[i]);
        CHECK(close(fd) == 0);
    }
}

static void a_too_long_command_line_is_refused(void) {
    static char argument[100001];
    set_up("home");
    int listener = listen_as_daemon();
    memset(argument, 'x', sizeof argument - 1);
    struct client client = run_client(ARGUMENTS(argument, argument, argument));
    int fd = accept_client(listener, BUILD);
    expect_end(fd);
    (void)read_all(client.err, err_text, sizeof err_text);
    CHECK(wait_client(client.pid) == 125 && says("too long"));
}

/* ---- standard input ---- */
static void stdin_is_not_touched_without_credit(void) {
    set_up("home");
    int listener = listen_as_daemon();
    int in[2];
    char rest[64];
    CHECK(pipe2(in, O_CLOEXEC) == 0 && write(in[1], "one\ntwo\n", 8) == 8 && close(in[1]) == 0);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    pid_t pid = run_client_on(ARGUMENTS("vm", "ls"), in[0], null, null, false);
    int fd = accept_command(listener);
    expect_silence(fd, 150);
    send_u32(fd, FRAME_EXIT, 0);
    CHECK(wait_client(pid) == 0);
    CHECK(read_all(in[0], rest, sizeof rest) == 8 && strcmp(rest, "one\ntwo\n") == 0);
}

static void no_more_stdin_is_read_than_granted(void) {
    set_up("home");
    int listener = listen_as_daemon();
    int in[2];
    char rest[64];
    CHECK(pipe2(in, O_CLOEXEC) == 0 && write(in[1], "0123456789abcdef", 16) == 16 && close(in[1]) == 0);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    pid_t pid = run_client_on(ARGUMENTS("vm"), in[0], null, null, false);
    int fd = accept_command(listener);
    send_u32(fd, FRAME_WINDOW_CREDIT, 6);
    expect_data(fd, FRAME_STDIN, "012345");
    expect_silence(fd, 150);
    send_u32(fd, FRAME_WINDOW_CREDIT, 2);
    expect_data(fd, FRAME_STDIN, "67");
    expect_silence(fd, 150);
    send_u32(fd, FRAME_EXIT, 0);
    CHECK(wait_client(pid) == 0);
    CHECK(read_all(in[0], rest, sizeof rest) == 8 && strcmp(rest, "89abcdef") == 0);
}

static void stdin_closes_while_output_goes_on(void) {
    set_up("home");
    int listener = listen_as_daemon();
    struct client client = run_client(ARGUMENTS("vm"));
    int fd = accept_command(listener);
    send_u32(fd, FRAME_WINDOW_CREDIT, FRAME_WINDOW);
    CHECK(write(client.in, "hello", 5) == 5);
    expect_data(fd, FRAME_STDIN, "hello");
    CHECK(close(client.in) == 0);
    expect_data(fd, FRAME_STDIN, "");
    expect_silence(fd, 100);
    send_data(fd, FRAME_STDOUT, "after the end\n");
    send_data(fd, FRAME_STDERR, "and this\n");
    send_data(fd, FRAME_STDOUT, "");
    send_u32(fd, FRAME_EXIT, 3);
    (void)read_all(client.out, out_text, sizeof out_text);
    (void)read_all(client.err, err_text, sizeof err_text);
    CHECK(wait_client(client.pid) == 3 && strcmp(out_text, "after the end\n") == 0 && strcmp(err_text, "and this\n") == 0);
}

static uint8_t pattern(size_t at) {
    return (uint8_t)((at * 2654435761u) >> 13);
}

static void eight_megabytes_of_binary_go_both_ways(void) {
    enum { SIZE = 8 * 1024 * 1024 };
    static uint8_t bytes[SIZE];
    static uint8_t block[FRAME_MAX_DATA];
    set_up("home");
    int listener = listen_as_daemon();
    struct client client = run_client(ARGUMENTS("vm"));
    for (size_t i = 0; i < SIZE; i++) {
        bytes[i] = pattern(i);
    }
    pid_t feeder = fork();
    if (feeder == 0) {
        for (size_t sent = 0; sent < SIZE;) {
            ssize_t step = write(client.in, bytes + sent, SIZE - sent);
            CHECK(step > 0);
            sent += (size_t)step;
        }
        _exit(0);
    }
    CHECK(close(client.in) == 0);
    pid_t reader = fork();
    if (reader == 0) {
        size_t seen = 0;
        ssize_t got;
        while ((got = read(client.out, block, sizeof block)) > 0) {
            CHECK(seen + (size_t)got <= SIZE && memcmp(block, bytes + seen, (size_t)got) == 0);
            seen += (size_t)got;
        }
        _exit(seen == SIZE ? 0 : 1);
    }
    CHECK(close(client.out) == 0);
    int fd = accept_command(listener);
    struct frame_window input = {0};
    struct frame_window output = {.sendable = FRAME_WINDOW};
    send_u32(fd, FRAME_WINDOW_CREDIT, FRAME_WINDOW);
    window_grant(&input, FRAME_WINDOW);
    size_t received = 0;
    size_t sent = 0;
    for (bool ended = false; !ended || sent < received;) {
        struct frame frame;
        CHECK(next_frame(fd, &frame));
        if (frame.type == FRAME_WINDOW_CREDIT) {
            CHECK(window_credit(&output, frame_get_u32(frame.payload)) && output.sendable <= FRAME_WINDOW);
        } else {
            CHECK(frame.type == FRAME_STDIN && !ended && window_received(&input, frame.length));
            CHECK(received + frame.length <= SIZE && memcmp(frame.payload, bytes + received, frame.length) == 0);
            received += frame.length;
            ended = frame.length == 0;
        }
        while (sent < received && output.sendable > 0) {
            uint32_t step = window_sendable(&output, received - sent);
            step = step < FRAME_MAX_DATA ? step : FRAME_MAX_DATA;
            send_frame(fd, FRAME_STDOUT, bytes + sent, step);
            window_sent(&output, step);
            sent += step;
        }
        if (input.granted < FRAME_WINDOW / 2 && !ended) {
            uint32_t more = FRAME_WINDOW - input.granted;
            send_u32(fd, FRAME_WINDOW_CREDIT, more);
            window_grant(&input, more);
        }
    }
    CHECK(received == SIZE && sent == SIZE);
    send_u32(fd, FRAME_EXIT, 0);
    CHECK(wait_client(feeder) == 0 && wait_client(reader) == 0 && wait_client(client.pid) == 0);
}

/* ---- output ---- */
static void a_full_stdout_holds_up_neither_signals_nor_stderr(void) {
    static char block[FRAME_MAX_DATA];
    set_up("home");
    int listener = listen_as_daemon();
    struct client client = run_client(ARGUMENTS("vm"));
    int fd = accept_command(listener);
    memset(block, 'x', sizeof block);
    CHECK(fcntl(client.out, F_SETPIPE_SZ, 65536) == 65536);
    for (int i = 0; i < 7; i++) { /* 224 of the 256 KiB: far more than the pipe takes */
        send_frame(fd, FRAME_STDOUT, block, sizeof block);
    }
    struct frame frame = expect(fd, FRAME_WINDOW_CREDIT);
    CHECK(frame_get_u32(frame.payload) <= 65536);
    expect_silence(fd, 200); /* nothing is read, so no credit comes */
    CHECK(kill(client.pid, SIGUSR1) == 0);
    frame = expect(fd, FRAME_SIGNAL);
    CHECK(frame.payload[0] == SIGUSR1);
    send_data(fd, FRAME_STDERR, "still here");
    CHECK(read(client.err, err_text, sizeof err_text) == 10);
    send_u32(fd, FRAME_EXIT, 9);
    size_t total = 0;
    ssize_t got;
    while ((got = read(client.out, out_text, sizeof out_text)) > 0) {
        total += (size_t)got;
    }
    CHECK(total == 7 * sizeof block && wait_client(client.pid) == 9); /* everything was written before the end */
}

static void after_the_exit_a_signal_ends_a_client_whose_output_nobody_reads(void) {
    static char block[FRAME_MAX_DATA];
    set_up("home");
    int listener = listen_as_daemon();
    struct client client = run_client(ARGUMENTS("vm"));
    int fd = accept_command(listener);
    for (int i = 0; i < 7; i++) {
        send_frame(fd, FRAME_STDOUT, block, sizeof block);
    }
    send_u32(fd, FRAME_EXIT, 0);
    sleep_ms(200);
    CHECK(waitpid(client.pid, NULL, WNOHANG) == 0 && kill(client.pid, SIGTERM) == 0);
    CHECK(wait_client(client.pid) == 128 + SIGTERM);
}

static void more_output_than_granted_is_a_protocol_error(void) {
    static char block[FRAME_MAX_DATA];
    set_up("home");
    int listener = listen_as_daemon();
    struct client client = run_client(ARGUMENTS("vm"));
    int fd = accept_command(listener);
    uint8_t header[FRAME_HEADER];
    for (int i = 0; i < 16; i++) {
        frame_header(header, FRAME_STDOUT, 0, sizeof block);
        if (send(fd, header, sizeof header, MSG_NOSIGNAL) < 0 || send(fd, block, sizeof block, MSG_NOSIGNAL) < 0) {
            break;
        }
    }
    (void)read_all(client.err, err_text, sizeof err_text);
    CHECK(wait_client(client.pid) == 125 && says("more output than granted"));
}

static void the_standard_streams_stay_blocking(void) {
    set_up("home");
    int listener = listen_as_daemon();
    int in[2];
    int out[2];
    CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    pid_t pid = run_client_on(ARGUMENTS("vm"), in[0], out[1], out[1], false);
    int fd = accept_command(listener);
    send_data(fd, FRAME_STDOUT, "x");
    CHECK(read(out[0], out_text, 1) == 1);
    CHECK((fcntl(in[0], F_GETFL) & O_NONBLOCK) == 0 && (fcntl(out[1], F_GETFL) & O_NONBLOCK) == 0);
    send_u32(fd, FRAME_EXIT, 0);
    CHECK(wait_client(pid) == 0);
}

static void a_gone_reader_ends_the_client_with_sigpipe(void) {
    set_up("home");
    int listener = listen_as_daemon();
    struct client client = run_client(ARGUMENTS("vm"));
    int fd = accept_command(listener);
    CHECK(close(client.out) == 0);
    expect_silence(fd, 100); /* as with a local program: nothing happens before the first write */
    send_data(fd, FRAME_STDOUT, "x\n");
    expect_end(fd);
    CHECK(wait_client(client.pid) == 128 + SIGPIPE);
}

static void where_sigpipe_is_ignored_a_gone_reader_is_an_error(void) {
    set_up("home");
    int listener = listen_as_daemon();
    (void)signal(SIGPIPE, SIG_IGN);
    struct client client = run_client(ARGUMENTS("vm"));
    int fd = accept_command(listener);
    CHECK(close(client.out) == 0);
    send_data(fd, FRAME_STDOUT, "x\n");
    expect_end(fd);
    (void)read_all(client.err, err_text, sizeof err_text);
    CHECK(wait_client(client.pid) == 125 && says("Broken pipe"));
}

static void a_full_disk_is_an_error(void) {
    set_up("home");
    int listener = listen_as_daemon();
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out = open("/dev/full", O_WRONLY | O_CLOEXEC);
    int err[2];
    CHECK(in >= 0 && out >= 0 && pipe2(err, O_CLOEXEC) == 0);
    pid_t pid = run_client_on(ARGUMENTS("vm"), in, out, err[1], false);
    CHECK(close(err[1]) == 0);
    int fd = accept_command(listener);
    send_data(fd, FRAME_STDOUT, "x\n");
    (void)read_all(err[0], err_text, sizeof err_text);
    CHECK(wait_client(pid) == 125 && says("No space left"));
}

/* ---- signals ---- */
static void signals_are_relayed(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
    set_up("home");
    int listener = listen_as_daemon();
    struct client client = run_client(ARGUMENTS("vm"));
    int fd = accept_command(listener);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CHECK(kill(client.pid, numbers[i]) == 0);
        struct frame frame = expect(fd, FRAME_SIGNAL);
        CHECK(frame.payload[0] == numbers[i]);
    }
    send_u32(fd, FRAME_EXIT, 130);
    CHECK(wait_client(client.pid) == 130);
}

static void an_ignored_signal_stays_ignored(void) {
    set_up("home");
    int listener = listen_as_daemon();
    (void)signal(SIGHUP, SIG_IGN); /* nohup */
    struct client client = run_client(ARGUMENTS("vm"));
    int fd = accept_command(listener);
    CHECK(kill(client.pid, SIGHUP) == 0);
    expect_silence(fd, 100);
    send_u32(fd, FRAME_EXIT, 0);
    CHECK(wait_client(client.pid) == 0);
}

static void a_second_interrupt_without_a_reaction_leaves(void) {
    set_up("home");
    int listener = listen_as_daemon();
    struct client client = run_client(ARGUMENTS("vm"));
    int fd = accept_command(listener);
    CHECK(kill(client.pid, SIGINT) == 0);
    (void)expect(fd, FRAME_SIGNAL);
    CHECK(kill(client.pid, SIGINT) == 0); /* `timeout` sends it twice at once: that is no second one */
    (void)expect(fd, FRAME_SIGNAL);
    sleep_ms(300);
    send_data(fd, FRAME_STDOUT, "a reaction");
    CHECK(read(client.out, out_text, sizeof out_text) == 10 && kill(client.pid, SIGINT) == 0);
    (void)expect(fd, FRAME_SIGNAL);
    sleep_ms(300);
    CHECK(kill(client.pid, SIGINT) == 0);
    CHECK(wait_client(client.pid) == 130);
}

/* ---- BECOME and ERROR ---- */
static int become(const unsigned *tags, const char *const *texts, int count, const char *input) {
    int listener = listen_as_daemon();
    struct client client = run_client(ARGUMENTS("vm", "ssh"));
    int fd = accept_command(listener);
    CHECK(write(client.in, input, strlen(input)) == (ssize_t)strlen(input) && close(client.in) == 0);
    send_data(fd, FRAME_STDOUT, "first\n");
    send_final_strings(fd, FRAME_BECOME, tags, texts, count);
    (void)read_all(client.out, out_text, sizeof out_text);
    (void)read_all(client.err, err_text, sizeof err_text);
    CHECK(close(fd) == 0 && close(listener) == 0);
    return wait_client(client.pid);
}

static void the_client_becomes_the_program_it_is_told(void) {
    static const unsigned tags[] = {FIELD_ARG, FIELD_ARG, FIELD_ENV, FIELD_ARG, FIELD_ARG};
    static const char *const texts[] = {"sh", "-c", "GREETING=hello you",
                                        "cat; echo \"$GREETING/$0\"; ls /proc/self/fd | wc -l; "
                                        "sed -n 's/^SigIgn:.*\\(....\\)$/\\1/p' /proc/self/status; kill -9 $$", "a  b"};
    set_up("home");
    CHECK(become(tags, texts, 5, "input\n") == 137);
    /* ls has its three and the directory; of the signals 1 to 16 none is ignored, SIGPIPE too. */
    CHECK(strcmp(out_text, "first\ninput\nhello you/a  b\n4\n0000\n") == 0);
}

static void a_program_that_is_not_there_is_127_and_not_executable_126(void) {
    static const unsigned tags[] = {FIELD_ARG};
    set_up("home");
    CHECK(mkdir(in_directory("closed"), 0) == 0 && setenv("PATH", in_directory("closed:/bin:/usr/bin"), 1) == 0);
    CHECK(become(tags, (const char *const[]){"no-such-program"}, 1, "") == 127 && says("no-such-program"));
    CHECK(become(tags, (const char *const[]){in_directory("tree/lib/version")}, 1, "") == 126 && says("Permission denied"));
    CHECK(setenv("PATH", in_directory("tree/lib:/nowhere"), 1) == 0);
    CHECK(become(tags, (const char *const[]){"version"}, 1, "") == 126 && says("Permission denied"));
}

static void an_error_is_shown_after_the_output_and_exits_125(void) {
    static const unsigned tags[] = {FIELD_CODE, FIELD_MESSAGE};
    set_up("home");
    int listener = listen_as_daemon();
    struct client client = run_client(ARGUMENTS("vm"));
    int fd = accept_command(listener);
    send_data(fd, FRAME_STDOUT, "part\n");
    send_final_strings(fd, FRAME_ERROR, tags, (const char *const[]){"INTERNAL", "it went wrong"}, 2);
    (void)read_all(client.out, out_text, sizeof out_text);
    (void)read_all(client.err, err_text, sizeof err_text);
    CHECK(wait_client(client.pid) == 125 && strcmp(out_text, "part\n") == 0 && strcmp(err_text, "banger: it went wrong\n") == 0);
}

static void a_lost_connection_exits_125_with_the_log(void) {
    set_up("home");
    int listener = listen_as_daemon();
    struct client client = run_client(ARGUMENTS("vm"));
    int fd = accept_command(listener);
    send_data(fd, FRAME_STDOUT, "part\n");
    CHECK(close(fd) == 0);
    (void)read_all(client.out, out_text, sizeof out_text);
    (void)read_all(client.err, err_text, sizeof err_text);
    CHECK(wait_client(client.pid) == 125 && strcmp(out_text, "part\n") == 0 && says("lost the connection") && says("bangerd.log"));
}

/* ---- the terminal ---- */
struct terminal {
    int master;
    int slave;
    pid_t pid;
    int fd;
};

static bool is_raw(int fd) {
    struct termios modes;
    CHECK(tcgetattr(fd, &modes) == 0);
    return (modes.c_lflag & (ICANON | ECHO | ISIG)) == 0;
}

static void await_raw(int fd, bool raw) {
    for (int i = 0; i < 200 && is_raw(fd) != raw; i++) {
        sleep_ms(10);
    }
    CHECK(is_raw(fd) == raw);
}

static struct terminal raw_client(int listener) {
    struct terminal terminal;
    struct winsize size = {.ws_row = 33, .ws_col = 101};
    uint16_t value = 0;
    uint8_t bits = 0;
    struct field field;
    CHECK(openpty(&terminal.master, &terminal.slave, NULL, NULL, &size) == 0);
    CHECK(fcntl(terminal.master, F_SETFD, FD_CLOEXEC) == 0);
    terminal.pid = run_client_on(ARGUMENTS("vm", "exec"), terminal.slave, terminal.slave, terminal.slave, true);
    terminal.fd = accept_command(listener);
    CHECK(field_find(command, command_length, FIELD_TTY, &field) && field_u8(&field, &bits) && bits == 7);
    CHECK(field_find(command, command_length, FIELD_ROWS, &field) && field_u16(&field, &value) && value == 33);
    CHECK(field_find(command, command_length, FIELD_COLS, &field) && field_u16(&field, &value) && value == 101);
    CHECK(!is_raw(terminal.slave));
    send_frame(terminal.fd, FRAME_TERMINAL, "\1", 1);
    await_raw(terminal.slave, true);
    return terminal;
}

static void the_terminal_is_raw_only_as_long_as_the_daemon_wants(void) {
    set_up("home");
    struct terminal terminal = raw_client(listen_as_daemon());
    send_u32(terminal.fd, FRAME_WINDOW_CREDIT, 100);
    CHECK(write(terminal.master, "\3", 1) == 1); /* Ctrl-C is a byte now */
    expect_data(terminal.fd, FRAME_STDIN, "\3");
    struct winsize size = {.ws_row = 50, .ws_col = 132};
    CHECK(ioctl(terminal.master, TIOCSWINSZ, &size) == 0);
    struct frame frame = expect(terminal.fd, FRAME_RESIZE);
    CHECK(frame_get_u16(frame.payload) == 50 && frame_get_u16(frame.payload + 2) == 132);
    send_frame(terminal.fd, FRAME_TERMINAL, "\0", 1);
    await_raw(terminal.slave, false);
    CHECK(write(terminal.master, "\3", 1) == 1);
    frame = expect(terminal.fd, FRAME_SIGNAL);
    CHECK(frame.payload[0] == SIGINT);
    send_frame(terminal.fd, FRAME_TERMINAL, "\1", 1);
    await_raw(terminal.slave, true);
    send_u32(terminal.fd, FRAME_EXIT, 4);
    CHECK(wait_client(terminal.pid) == 4 && !is_raw(terminal.slave));
}

static void the_terminal_is_restored_when_the_daemon_dies(void) {
    set_up("home");
    struct terminal terminal = raw_client(listen_as_daemon());
    CHECK(close(terminal.fd) == 0);
    CHECK(wait_client(terminal.pid) == 125 && !is_raw(terminal.slave));
}

static void the_terminal_is_restored_when_the_client_crashes(void) {
    set_up("home");
    struct rlimit none = {0, 0};
    CHECK(setrlimit(RLIMIT_CORE, &none) == 0);
    struct terminal terminal = raw_client(listen_as_daemon());
    CHECK(kill(terminal.pid, SIGABRT) == 0);
    CHECK(wait_client(terminal.pid) == 128 + SIGABRT && !is_raw(terminal.slave));
}

static void after_a_stop_the_terminal_is_raw_again(void) {
    set_up("home");
    struct terminal terminal = raw_client(listen_as_daemon());
    struct termios cooked;
    int status;
    CHECK(kill(terminal.pid, SIGSTOP) == 0 && waitpid(terminal.pid, &status, WUNTRACED) == terminal.pid);
    CHECK(tcgetattr(terminal.slave, &cooked) == 0);
    cooked.c_lflag |= ICANON | ECHO | ISIG; /* as a shell does */
    CHECK(tcsetattr(terminal.slave, TCSANOW, &cooked) == 0 && kill(terminal.pid, SIGCONT) == 0);
    await_raw(terminal.slave, true);
    (void)expect(terminal.fd, FRAME_RESIZE);
    send_u32(terminal.fd, FRAME_EXIT, 0);
    CHECK(wait_client(terminal.pid) == 0 && !is_raw(terminal.slave));
}

static void in_the_background_the_client_stops_rather_than_take_the_terminal(void) {
    struct terminal terminal;
    int status;
    set_up("home");
    CHECK(openpty(&terminal.master, &terminal.slave, NULL, NULL, NULL) == 0);
    CHECK(setsid() >= 0 && ioctl(terminal.slave, TIOCSCTTY, 0) == 0); /* this test is the shell */
    (void)signal(SIGTTOU, SIG_IGN);
    int listener = listen_as_daemon();
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(setpgid(0, 0) == 0);
        (void)signal(SIGTTOU, SIG_DFL);
        int inner = run_client_on(ARGUMENTS("vm", "exec"), terminal.slave, terminal.slave, terminal.slave, false);
        _exit(wait_client(inner));
    }
    int fd = accept_command(listener);
    send_frame(fd, FRAME_TERMINAL, "\1", 1);
    sleep_ms(200);
    CHECK(!is_raw(terminal.slave));
    CHECK(tcsetpgrp(terminal.slave, pid) == 0 && kill(-pid, SIGCONT) == 0);
    await_raw(terminal.slave, true);
    send_u32(fd, FRAME_EXIT, 6);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 6);
    CHECK(!is_raw(terminal.slave));
}

/* ---- finding and starting the daemon ---- */
static int starts(void) {
    char text[8192];
    int lines = 0;
    (void)read_file(in_directory("home/starts"), text, sizeof text);
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    return lines;
}

static void a_missing_daemon_is_started_apart_from_its_client(void) {
    char line[512];
    char wanted[64];
    int pid = 0;
    set_up("home");
    startable_daemon();
    write_file(in_directory("home/state/bangerd.out"), "of the start before\n", 0600);
    (void)signal(SIGINT, SIG_IGN);
    int leaked = open("/dev/null", O_RDONLY);
    CHECK(leaked >= 0 && result(ARGUMENTS("vm", "ls")) == STARTED_DAEMON_STATUS);
    (void)read_file(in_directory("home/starts"), line, sizeof line);
    CHECK(sscanf(line, "pid %d", &pid) == 1);
    (void)snprintf(wanted, sizeof wanted, "session %d cwd / fds 0 tty 0\n", pid);
    CHECK(strstr(line, wanted) != NULL);
    CHECK(read_file(in_directory("home/state/bangerd.out"), line, sizeof line) == 0);
    CHECK(result(ARGUMENTS("vm", "ls")) == STARTED_DAEMON_STATUS && starts() == 1);
    CHECK(result(ARGUMENTS("daemon", "stop")) == 0);
}

static void eight_clients_start_one_daemon(void) {
    struct client clients[8];
    set_up("home");
    startable_daemon();
    for (int i = 0; i < 8; i++) {
        clients[i] = run_client(ARGUMENTS("vm", "ls"));
    }
    for (int i = 0; i < 8; i++) {
        CHECK(wait_client(clients[i].pid) == STARTED_DAEMON_STATUS);
    }
    CHECK(starts() == 1);
    CHECK(result(ARGUMENTS("daemon", "stop")) == 0);
}

static void directories_are_made_for_this_user_alone(void) {
    struct stat status;
    set_up("home");
    startable_daemon();
    CHECK(unsetenv("BANGER_HOME") == 0 && unsetenv("XDG_STATE_HOME") == 0);
    CHECK(setenv("HOME", in_directory("user"), 1) == 0 && setenv("XDG_RUNTIME_DIR", in_directory("gone"), 1) == 0);
    (void)umask(0);
    script_daemon("#!/bin/sh\necho \"runtime<$XDG_RUNTIME_DIR>\"; umask; exit 1\n");
    CHECK(result(ARGUMENTS("vm")) == 125 && says("runtime<>") && says("0077"));
    CHECK(stat(in_directory("user/.local/state/banger/run"), &status) == 0 && (status.st_mode & 0777) == 0700);
    CHECK(mkdir(in_directory("gone"), 0700) == 0);
    CHECK(result(ARGUMENTS("vm")) == 125 && says("/gone>"));
    CHECK(stat(in_directory("gone/banger"), &status) == 0 && (status.st_mode & 0777) == 0700);
    CHECK(setenv("XDG_STATE_HOME", in_directory("elsewhere"), 1) == 0);
    CHECK(result(ARGUMENTS("vm")) == 125 && stat(in_directory("elsewhere/banger/bangerd.out"), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
}

static void a_daemon_that_dies_shows_the_end_of_what_it_printed(void) {
    set_up("home");
    script_daemon("#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do echo \"line $i.\"; done\n"
                  "printf 'b\\033oom\\n' >&2\nexit 3\n");
    CHECK(result(ARGUMENTS("vm")) == 125);
    CHECK(says("b?oom") && says("status 3") && says("line 22.") && says("line 4.") && strstr(err_text, "line 3.") == NULL);
    CHECK(says("bangerd.log") && says("bin/bangerd"));
}

static void a_daemon_that_dies_silently_shows_the_end_of_its_log(void) {
    set_up("home");
    write_file(in_directory("home/state/bangerd.log"), "something in the log\n", 0600);
    script_daemon("#!/bin/sh\nkill -9 $$\n");
    CHECK(result(ARGUMENTS("vm")) == 125 && says("something in the log") && says("signal 9"));
}

static void a_daemon_that_yields_to_another_is_not_a_failure(void) {
    set_up("home");
    startable_daemon();
    CHECK(rename(in_directory("tree/bin/bangerd"), in_directory("tree/bin/real")) == 0);
    script_daemon("#!/bin/sh\n[ -e \"$BANGER_HOME/first\" ] && exec \"${0%/*}/real\"\n: >\"$BANGER_HOME/first\"\nexit 75\n");
    CHECK(result(ARGUMENTS("vm")) == STARTED_DAEMON_STATUS && starts() == 1);
    CHECK(result(ARGUMENTS("daemon", "stop")) == 0);
}

static void an_incomplete_installation_is_named(void) {
    set_up("home");
    CHECK(result(ARGUMENTS("vm")) == 125 && says("tree/bin/bangerd: No such file"));
    script_daemon("#!/bin/sh\n");
    CHECK(rmdir(in_directory("tree/libexec")) == 0);
    CHECK(result(ARGUMENTS("vm")) == 125 && says("tree/libexec: No such file"));
    CHECK(unlink(in_directory("tree/lib/build-id")) == 0);
    CHECK(result(ARGUMENTS("vm")) == 125 && says("build-id"));
}

static void a_daemon_of_another_build_is_replaced(void) {
    set_up("home");
    startable_daemon();
    int listener = listen_as_daemon();
    struct client client = run_client(ARGUMENTS("vm"));
    int fd = accept_client(listener, "another-build");
    (void)expect(fd, FRAME_SHUTDOWN);
    CHECK(starts() == 0 && close(listener) == 0);
    sleep_ms(200);
    CHECK(starts() == 0); /* the connection stands: the old one still holds its lock */
    CHECK(close(fd) == 0 && wait_client(client.pid) == STARTED_DAEMON_STATUS && starts() == 1);
    CHECK(result(ARGUMENTS("daemon", "stop")) == 0);
}

static void a_socket_path_of_any_length_works(void) {
    char home[401] = "";
    set_up("home");
    startable_daemon();
    for (int i = 0; i < 4; i++) {
        memset(home + i * 100, 'a' + i, 99);
        home[i * 100 + 99] = '/';
    }
    home[399] = '\0';
    CHECK(setenv("BANGER_HOME", in_directory("%s", home), 1) == 0);
    CHECK(result(ARGUMENTS("vm")) == STARTED_DAEMON_STATUS);
    CHECK(result(ARGUMENTS("daemon", "stop")) == 0);
}

static void directories_of_others_are_refused(void) {
    set_up("home");
    startable_daemon();
    CHECK(chmod(run_directory, 0777) == 0);
    CHECK(result(ARGUMENTS("vm")) == 125 && says("others may write to") && says("chmod go-w"));
    CHECK(chmod(run_directory, 0700) == 0 && chmod(state_directory, 0770) == 0);
    CHECK(result(ARGUMENTS("vm")) == 125 && says("others may write to"));
    CHECK(chmod(state_directory, 0700) == 0 && rmdir(run_directory) == 0 && symlink("/tmp", run_directory) == 0);
    CHECK(result(ARGUMENTS("vm")) == 125 && says("is not a directory"));
    CHECK(starts() == 0);
}

static int directories_of_another_user_are_refused(void) {
    set_up("home");
    startable_daemon();
    if (geteuid() != 0) {
        return SKIPPED; /* giving a directory away needs root */
    }
    CHECK(chown(run_directory, 65534, 65534) == 0);
    CHECK(result(ARGUMENTS("vm")) == 125 && says("belongs to uid 65534, not to you") && starts() == 0);
    return 0;
}

static int a_socket_of_another_user_is_refused(void) {
    set_up("home");
    if (geteuid() != 0) {
        return SKIPPED; /* listening as somebody else needs root */
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "bangerd.sock"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && chdir(run_directory) == 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    CHECK(seteuid(65534) == 0 && listen(fd, 1) == 0 && seteuid(0) == 0); /* the peer's uid is listen's */
    CHECK(result(ARGUMENTS("vm")) == 125 && says("belongs to another user"));
    return 0;
}

static void another_protocol_on_the_socket_is_named(void) {
    set_up("home");
    int listener = listen_as_daemon();
    struct client client = run_client(ARGUMENTS("vm"));
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    CHECK(fd >= 0 && send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0);
    (void)read_all(client.err, err_text, sizeof err_text);
    CHECK(wait_client(client.pid) == 125 && says("does not speak banger's protocol"));
}

/* ---- without a daemon ---- */
static void questions_about_the_daemon_do_not_start_it(void) {
    set_up("home");
    startable_daemon();
    CHECK(result(ARGUMENTS("--version")) == 0 && strcmp(out_text, "banger 1.2.3 (build " BUILD ")\n") == 0);
    CHECK(result(ARGUMENTS("version")) == 0 && strcmp(out_text, "banger 1.2.3 (build " BUILD ")\n") == 0);
    CHECK(result(ARGUMENTS("daemon", "status")) == 3 && strcmp(out_text, "bangerd is not running\n") == 0);
    char wanted[PATH_MAX + 64];
    (void)snprintf(wanted, sizeof wanted, "{\"running\":false,\"socket\":\"%s/bangerd.sock\"}\n", run_directory);
    CHECK(result(ARGUMENTS("daemon", "status", "--json")) == 3 && strcmp(out_text, wanted) == 0);
    CHECK(result(ARGUMENTS("daemon", "stop")) == 0 && strcmp(out_text, "bangerd is not running\n") == 0);
    CHECK(starts() == 0);
}

static void the_daemon_starts_restarts_and_stops_on_request(void) {
    set_up("home");
    startable_daemon();
    CHECK(result(ARGUMENTS("daemon", "start")) == STARTED_DAEMON_STATUS && starts() == 1); /* the daemon's own answer */
    CHECK(result(ARGUMENTS("daemon", "start")) == STARTED_DAEMON_STATUS && starts() == 1);
    CHECK(result(ARGUMENTS("daemon", "status")) == STARTED_DAEMON_STATUS && starts() == 1);
    CHECK(result(ARGUMENTS("daemon", "restart")) == STARTED_DAEMON_STATUS && starts() == 2);
    CHECK(result(ARGUMENTS("daemon", "stop")) == 0 && strstr(out_text, "stopped") != NULL);
    CHECK(result(ARGUMENTS("daemon", "status")) == 3);
}

/* ---- the service ---- */
static bool printed(const char *line) {
    char wanted[PATH_MAX * 2];
    (void)snprintf(wanted, sizeof wanted, "\n%s\n", line);
    bool found = strstr(out_text, wanted) != NULL;
    if (!found) {
        (void)fprintf(stderr, "  not there: %s\n", line);
    }
    return found;
}

static void the_unit_starts_this_tree_for_these_places_and_leaves_vms_alone(void) {
    set_up("a home");
    startable_daemon();
    CHECK(setenv("BANGER_HOME", "/srv/b\"a\\n%g $er", 1) == 0);
    CHECK(result(ARGUMENTS("system", "install", "--print")) == 0);
    CHECK(strncmp(out_text, "# Written by \"banger system install\"", 36) == 0);
    CHECK(printed("# run directory: /srv/b\"a\\n%g $er/run"));
    CHECK(printed("Environment=\"BANGER_HOME=/srv/b\\\"a\\\\n%%g $er\""));
    char start[PATH_MAX + 64];
    (void)snprintf(start, sizeof start, "ExecStart=\"%s\"", in_directory("tree/bin/bangerd"));
    CHECK(printed(start));
    CHECK(printed("Type=notify") && printed("KillMode=process") && printed("SendSIGKILL=no")
          && printed("OOMPolicy=continue") && printed("RestartPreventExitStatus=75"));
    CHECK(strstr(out_text, "RuntimeDirectory") == NULL); /* all is in BANGER_HOME */
    CHECK(starts() == 0);
}

static void the_run_directory_of_the_service_outlives_a_stop(void) {
    set_up("home");
    CHECK(unsetenv("BANGER_HOME") == 0 && setenv("HOME", "/home/me", 1) == 0
          && setenv("XDG_STATE_HOME", "/srv/state", 1) == 0 && unsetenv("XDG_CACHE_HOME") == 0);
    CHECK(result(ARGUMENTS("system", "install", "--print")) == 0);
    CHECK(printed("RuntimeDirectory=banger") && printed("RuntimeDirectoryPreserve=yes"));
    CHECK(printed("Environment=\"XDG_STATE_HOME=/srv/state\""));
    CHECK(strstr(out_text, "XDG_CACHE_HOME") == NULL);
    if (geteuid() == 0) {
        CHECK(printed("# run directory: /run/banger") && printed("Environment=\"XDG_RUNTIME_DIR=/run\""));
        CHECK(printed("Environment=\"HOME=/home/me\"") && printed("WantedBy=multi-user.target"));
    } else {
        CHECK(printed("WantedBy=default.target"));
    }
}

static int without_systemd_nothing_is_installed(void) {
    if (access("/run/systemd/system", F_OK) == 0 || access("/etc/systemd/system/bangerd.service", F_OK) == 0) {
        return SKIPPED; /* it would be installed */
    }
    set_up("home");
    CHECK(setenv("XDG_CONFIG_HOME", in_directory("config"), 1) == 0);
    CHECK(result(ARGUMENTS("system", "install")) == 125 && says("systemd does not run here"));
    CHECK(result(ARGUMENTS("system", "status")) == 3);
    CHECK(strcmp(out_text, "bangerd is not installed as a service\n") == 0);
    CHECK(result(ARGUMENTS("system", "restart")) == 125 && says("is not installed as a service"));
    CHECK(result(ARGUMENTS("system", "uninstall")) == 0);
    CHECK(access(in_directory("config"), F_OK) != 0);
    return 0;
}

/* ---- running them ---- */
#define TEST(function) {#function, function, NULL}
#define TEST_OR_SKIP(function) {#function, NULL, function}
static const struct test {
    const char *name;
    void (*run)(void);
    int (*run_or_skip)(void);
} tests[] = {
    TEST(arguments_environment_and_directory_arrive_byte_for_byte),
    TEST(no_arguments_are_no_arguments),
    TEST(a_relative_banger_home_is_made_absolute_for_the_daemon),
    TEST(the_exit_status_is_the_commands),
    TEST(a_too_long_command_line_is_refused),
    TEST(stdin_is_not_touched_without_credit),
    TEST(no_more_stdin_is_read_than_granted),
    TEST(stdin_closes_while_output_goes_on),
    TEST(eight_megabytes_of_binary_go_both_ways),
    TEST(a_full_stdout_holds_up_neither_signals_nor_stderr),
    TEST(after_the_exit_a_signal_ends_a_client_whose_output_nobody_reads),
    TEST(more_output_than_granted_is_a_protocol_error),
    TEST(the_standard_streams_stay_blocking),
    TEST(a_gone_reader_ends_the_client_with_sigpipe),
    TEST(where_sigpipe_is_ignored_a_gone_reader_is_an_error),
    TEST(a_full_disk_is_an_error),
    TEST(signals_are_relayed),
    TEST(an_ignored_signal_stays_ignored),
    TEST(a_second_interrupt_without_a_reaction_leaves),
    TEST(the_client_becomes_the_program_it_is_told),
    TEST(a_program_that_is_not_there_is_127_and_not_executable_126),
    TEST(an_error_is_shown_after_the_output_and_exits_125),
    TEST(a_lost_connection_exits_125_with_the_log),
    TEST(the_terminal_is_raw_only_as_long_as_the_daemon_wants),
    TEST(the_terminal_is_restored_when_the_daemon_dies),
    TEST(the_terminal_is_restored_when_the_client_crashes),
    TEST(after_a_stop_the_terminal_is_raw_again),
    TEST(in_the_background_the_client_stops_rather_than_take_the_terminal),
    TEST(a_missing_daemon_is_started_apart_from_its_client),
    TEST(eight_clients_start_one_daemon),
    TEST(directories_are_made_for_this_user_alone),
    TEST(a_daemon_that_dies_shows_the_end_of_what_it_printed),
    TEST(a_daemon_that_dies_silently_shows_the_end_of_its_log),
    TEST(a_daemon_that_yields_to_another_is_not_a_failure),
    TEST(an_incomplete_installation_is_named),
    TEST(a_daemon_of_another_build_is_replaced),
    TEST(a_socket_path_of_any_length_works),
    TEST(directories_of_others_are_refused),
    TEST_OR_SKIP(directories_of_another_user_are_refused),
    TEST_OR_SKIP(a_socket_of_another_user_is_refused),
    TEST(another_protocol_on_the_socket_is_named),
    TEST(questions_about_the_daemon_do_not_start_it),
    TEST(the_daemon_starts_restarts_and_stops_on_request),
    TEST(the_unit_starts_this_tree_for_these_places_and_leaves_vms_alone),
    TEST(the_run_directory_of_the_service_outlives_a_stop),
    TEST_OR_SKIP(without_systemd_nothing_is_installed),
};

static void remove_directory(void) {
    char line[PATH_MAX + 16];
    (void)snprintf(line, sizeof line, "rm -rf '%s'", directory);
    if (system(line) != 0) {
        (void)fprintf(stderr, "  cannot remove %s\n", directory);
    }
}

static int run_test(const struct test *test, const char *parent) {
    int length = snprintf(directory, sizeof directory, "%s/t-XXXXXX", parent);
    CHECK(length > 0 && (size_t)length < sizeof directory && mkdtemp(directory) != NULL);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        (void)alarm(60); /* a hang is a failure */
        if (test->run != NULL) {
            test->run();
            _exit(0);
        }
        _exit(test->run_or_skip());
    }
    int status = wait_client(pid);
    remove_directory();
    return status;
}

/* test-client LABEL CLIENT [NAME] */
int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "--fake-daemon") == 0) {
        return fake_daemon();
    }
    sigset_t none;
    CHECK(sigemptyset(&none) == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0);
    for (int number = 1; number < NSIG; number++) {
        (void)signal(number, SIG_DFL); /* whatever the caller (a build in a build) ignores */
    }
    int passed = 0;
    int bad = 0;
    int skipped = 0;
    char client[PATH_MAX];
    CHECK(count >= 3 && realpath(arguments[2], client) != NULL && setenv("CLIENT_UNDER_TEST", client, 1) == 0);
    char *slash = strrchr(client, '/');
    *slash = '\0'; /* beside the client: a hard link to it must be possible */
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        if (count > 3 && strstr(tests[i].name, arguments[3]) == NULL) {
            continue;
        }
        int status = run_test(&tests[i], client);
        passed += status == 0;
        skipped += status == SKIPPED;
        if (status != 0) {
            bad += status != SKIPPED;
            (void)printf("%s %s: %s\n", status == SKIPPED ? "skipped" : "FAILED", arguments[1], tests[i].name);
            (void)fflush(stdout);
        }
    }
    (void)printf("%s: %d passed, %d failed", arguments[1], passed, bad);
    (void)printf(skipped > 0 ? ", %d skipped\n" : "\n", skipped);
    return bad == 0 ? 0 : 1;
}
