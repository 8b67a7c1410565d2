#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct tree tree;
static struct places places;
static struct connection connection = {.fd = -1};

/* The arguments are exactly these words. */
static bool is_command(int count, char **arguments, const char *first, const char *second, const char *third) {
    const char *words[] = {first, second, third};
    int wanted = 0;
    while (wanted < 3 && words[wanted] != NULL) {
        wanted++;
    }
    if (count != wanted) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (strcmp(arguments[i], words[i]) != 0) {
            return false;
        }
    }
    return true;
}

static _Noreturn void leave(int status) {
    if (fflush(stdout) != 0) {
        fail(STATUS_FAILED, "cannot write to standard output: %s", strerror(errno));
    }
    exit(status);
}

static _Noreturn void print_version(void) {
    (void)printf("banger %s (build %s)\n", tree.version, tree.build);
    leave(EXIT_SUCCESS);
}

static void print_json_string(const char *text) {
    (void)putchar('"');
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (*at < 0x20 || *at == '"' || *at == '\\') {
            (void)printf("\\u%04x", *at);
        } else {
            (void)putchar(*at);
        }
    }
    (void)putchar('"');
}

static _Noreturn void report_not_running(bool json) {
    if (json) {
        char path[PATH_MAX];
        path_format(path, "%s/bangerd.sock", places.run);
        (void)printf("{\"running\":false,\"socket\":");
        print_json_string(path);
        (void)printf("}\n");
    } else {
        (void)printf("bangerd is not running\n");
    }
    leave(STATUS_NOT_RUNNING);
}

/* The standard streams exist, so that no other descriptor becomes one of them. */
static void require_standard_streams(void) {
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* What is asked of the daemon's life is answered here, because the daemon cannot: it may not run. */
static void run_local_commands(int count, char **arguments) {
    if (is_command(count, arguments, "--version", NULL, NULL)) {
        print_version();
    }
    bool version = is_command(count, arguments, "version", NULL, NULL);
    bool status = is_command(count, arguments, "daemon", "status", NULL);
    bool status_json = is_command(count, arguments, "daemon", "status", "--json");
    bool stop = is_command(count, arguments, "daemon", "stop", NULL);
    bool restart = is_command(count, arguments, "daemon", "restart", NULL);
    if (!version && !status && !status_json && !stop && !restart) {
        return;
    }
    bool running = daemon_connect(&tree, &places, &connection);
    if (!running && version) {
        print_version();
    }
    if (!running && (status || status_json)) {
        report_not_running(status_json);
    }
    if (running && (stop || restart)) {
        daemon_stop(&places, &connection);
    }
    if (stop) {
        (void)printf(running ? "bangerd is stopped; VMs live on\n" : "bangerd is not running\n");
        leave(EXIT_SUCCESS);
    }
}

/*
 * doctor changes nothing, so it starts no daemon: where none of this build answers, the daemon's program looks by itself. A run
 * directory that is not fit to be used is what it is to report.
 */
static void run_doctor(int count, char **arguments) {
    bool json = is_command(count, arguments, "doctor", "--json", NULL);
    if (!json && !is_command(count, arguments, "doctor", NULL, NULL)) {
        return;
    }
    connection.tolerant = true;
    if (directory_is_own(places.run) && daemon_connect(&tree, &places, &connection)
        && strcmp(connection.build, tree.build) == 0) {
        return;
    }
    char program[PATH_MAX];
    path_format(program, "%s/bin/bangerd", tree.root);
    char *const words[] = {program, "--doctor", json ? "--json" : NULL, NULL};
    (void)execv(program, words);
    fail(STATUS_FAILED, "cannot run %s: %s; build or install banger again", program, strerror(errno));
}

int main(int count, char **arguments) {
    require_standard_streams();
    tree_find(&tree);
    places_find(&places);
    system_command(count - 1, arguments + 1, &tree, &places, &connection);
    run_local_commands(count - 1, arguments + 1);
    run_doctor(count - 1, arguments + 1);
    daemon_require(&tree, &places, &connection);
    session_run(&places, &connection, count - 1, arguments + 1);
}
