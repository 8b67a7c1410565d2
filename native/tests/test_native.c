/* Tests of the frames, of the agent's parts that need no VM, and of the launcher as a program. */
#include "../agent/tar.h"
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int passed;
static int failed;
static char work[64];

#define CHECK(what, condition)                                                                                             \
    do {                                                                                                                   \
        if (condition) {                                                                                                   \
            passed++;                                                                                                      \
        } else {                                                                                                           \
            failed++;                                                                                                      \
            (void) fprintf(stderr, "%s:%d: FAILED: %s (%s)\n", __FILE__, __LINE__, what, #condition);                      \
        }                                                                                                                  \
    } while (0)

/* The agent's parts say what went wrong on the console; here there is none. */
void say(const char *format, ...)
{
    (void) format;
}

static const char *path_in(const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];
    (void) snprintf(path, sizeof paths[0], "%s/%s", work, name);
    return path;
}

/* ---- frames ---- */

static uint8_t bytes[FRAME_MAX * 2];
static uint8_t buffer[FRAME_MAX];

static struct frame_parser parser_of(const uint8_t *data, size_t count)
{
    struct frame_parser parser;
    frame_parser_init(&parser, buffer, sizeof buffer);
    (void) frame_parser_feed(&parser, data, count);
    return parser;
}

static void test_round_trip(void)
{
    struct frame_writer writer;
    struct frame frame;
    struct field field;
    uint32_t number;
    char text[16];
    frame_writer_init(&writer, bytes, sizeof bytes);
    frame_begin(&writer, FRAME_EXEC, 513);
    frame_field_string(&writer, FIELD_ARG, "true");
    frame_field_u32(&writer, FIELD_PID, 0xdeadbeef);
    CHECK("a frame that fits ends well", frame_end(&writer));
    struct frame_parser parser = parser_of(bytes, writer.length);
    CHECK("it is taken", frame_parser_next(&parser, &frame) == FRAME_TAKEN);
    CHECK("its head is what was written", frame.type == FRAME_EXEC && frame.channel == 513 && frame.length == 18);
    CHECK("a string field comes back", field_find(frame.payload, frame.length, FIELD_ARG, &field)
                                           && field_string(&field, text, sizeof text) && strcmp(text, "true") == 0);
    CHECK("an integer comes back", field_find(frame.payload, frame.length, FIELD_PID, &field) && field_u32(&field, &number)
                                       && number == 0xdeadbeef);
    CHECK("a wrong width is refused", !field_u8(&field, (uint8_t *) text));
    CHECK("nothing is left", frame_parser_next(&parser, &frame) == FRAME_INCOMPLETE && frame_parser_pending(&parser) == 0);
    static const uint8_t expected[] = {3, 0, 2, 1, 0, 0, 0, 18, 4, 0, 0, 0, 4, 't', 'r', 'u', 'e'};
    CHECK("the bytes are those of the page", memcmp(bytes, expected, sizeof expected) == 0);
}

static void test_byte_by_byte(void)
{
    struct frame_writer writer;
    struct frame_parser parser;
    struct frame frame;
    int taken = 0;
    frame_writer_init(&writer, bytes, sizeof bytes);
    for (int i = 0; i < 3; i++) {
        frame_begin(&writer, FRAME_STDOUT, 7);
        frame_bytes(&writer, "hello", 5);
        (void) frame_end(&writer);
    }
    frame_parser_init(&parser, buffer, sizeof buffer);
    for (size_t i = 0; i < writer.length; i++) {
        (void) frame_parser_feed(&parser, bytes + i, 1);
        while (frame_parser_next(&parser, &frame) == FRAME_TAKEN) {
            taken += frame.length == 5 && memcmp(frame.payload, "hello", 5) == 0;
        }
    }
    CHECK("frames cut at every byte are taken", taken == 3);
}

static enum frame_result result_of(const char *head, size_t count, const char **error)
{
    struct frame frame;
    struct frame_parser parser = parser_of((const uint8_t *) head, count);
    const enum frame_result result = frame_parser_next(&parser, &frame);
    *error = parser.error;
    return result;
}

static void test_protocol_errors(void)
{
    const char *error;
    CHECK("an unknown type is broken at its first byte", result_of("\x7f", 1, &error) == FRAME_BROKEN && error != NULL);
    CHECK("type 13 is unknown", result_of("\x0d", 1, &error) == FRAME_BROKEN);
    CHECK("a flag is broken", result_of("\x03\x01", 2, &error) == FRAME_BROKEN);
    CHECK("256 KiB and a byte is broken", result_of("\x03\0\0\1\0\4\0\1", 8, &error) == FRAME_BROKEN);
    CHECK("256 KiB is awaited", result_of("\x03\0\0\1\0\4\0\0", 8, &error) == FRAME_INCOMPLETE);
    CHECK("data of 32 KiB is awaited", result_of("\x11\0\0\1\0\0\x80\0", 8, &error) == FRAME_INCOMPLETE);
    CHECK("data of 32 KiB and a byte is broken", result_of("\x11\0\0\1\0\0\x80\1", 8, &error) == FRAME_BROKEN);
    CHECK("a WINDOW of 3 bytes is broken", result_of("\x13\0\0\1\0\0\0\3", 8, &error) == FRAME_BROKEN);
    CHECK("a SYNC with a payload is broken", result_of("\x09\0\0\1\0\0\0\1", 8, &error) == FRAME_BROKEN);
}

static void test_starting_in_the_middle(void)
{
    struct frame_parser parser;
    struct frame frame;
    uint8_t head[FRAME_HEADER];
    static const uint8_t zeros[4096];
    bool completed = false;
    bool hello = false;
    frame_parser_init(&parser, buffer, sizeof buffer);
    frame_header(head, FRAME_EXEC, 1, FRAME_MAX_PAYLOAD);
    (void) frame_parser_feed(&parser, head, sizeof head); /* the worst half frame: a head and no byte of its payload */
    for (size_t sent = 0; sent < FRAME_MAX;) {
        const size_t want = FRAME_MAX - sent < sizeof zeros ? FRAME_MAX - sent : sizeof zeros;
        sent += frame_parser_feed(&parser, zeros, want);
        while (frame_parser_next(&parser, &frame) == FRAME_TAKEN) {
            completed = frame.type == FRAME_EXEC && !fields_well_formed(frame.payload, frame.length);
        }
    }
    frame_header(head, FRAME_HELLO, 0, 0);
    (void) frame_parser_feed(&parser, head, sizeof head);
    while (frame_parser_next(&parser, &frame) == FRAME_TAKEN) {
        hello = frame.type == FRAME_HELLO;
    }
    CHECK("262152 zeros complete a half frame, which has no well-formed fields", completed);
    CHECK("the HELLO behind them is found", hello);
}

static void test_fields(void)
{
    struct frame_writer writer;
    struct field field = {FIELD_ARG, 3, (const uint8_t *) "a\0b"};
    char text[4];
    static const uint8_t beyond[] = {4, 0, 0, 0, 9, 'x'};
    static const uint8_t huge[] = {4, 0xff, 0xff, 0xff, 0xff, 'x'};
    static const uint8_t zero_tag[] = {0, 0, 0, 0, 0};
    CHECK("a string with a NUL is refused", !field_string(&field, text, sizeof text) && text[0] == 0);
    field = (struct field) {FIELD_ARG, 4, (const uint8_t *) "abcd"};
    CHECK("a string that does not fit is refused", !field_string(&field, text, sizeof text));
    CHECK("a field past the end is malformed", !fields_well_formed(beyond, sizeof beyond));
    CHECK("a length of 4 GiB is malformed", !fields_well_formed(huge, sizeof huge));
    CHECK("a short field head is malformed", !fields_well_formed(beyond, 3));
    CHECK("tag 0 is malformed", !fields_well_formed(zero_tag, sizeof zero_tag));
    CHECK("no fields are well formed", fields_well_formed(beyond, 0));
    frame_writer_init(&writer, bytes, 20);
    frame_begin(&writer, FRAME_ERROR, 1);
    frame_field_string(&writer, FIELD_MESSAGE, "too long for the buffer");
    CHECK("a frame that does not fit fails", !frame_end(&writer) && writer.length == 0);
    frame_begin(&writer, FRAME_CLOSE, 1);
    CHECK("the next one is not hurt by it", frame_end(&writer) && writer.length == FRAME_HEADER);
    frame_writer_init(&writer, bytes, sizeof bytes);
    frame_begin(&writer, FRAME_EXEC, 1);
    for (int i = 0; i < 5; i++) {
        frame_field(&writer, FIELD_ARG, buffer, 60000);
    }
    CHECK("a payload of more than 256 KiB fails", !frame_end(&writer));
}

static void test_windows(void)
{
    struct frame_window window = {0, 0};
    CHECK("a window starts at 0", window_sendable(&window, 100) == 0 && !window_received(&window, 1));
    CHECK("credit adds up", window_credit(&window, 40000) && window_sendable(&window, 100) == 100);
    CHECK("a data frame takes no more than 32 KiB", window_sendable(&window, 100000) == FRAME_MAX_DATA);
    window_sent(&window, 32768);
    CHECK("what was sent is gone", window_sendable(&window, 100000) == 7232);
    CHECK("credit beyond 32 bits is refused", !window_credit(&window, UINT32_MAX) && window.sendable == 7232);
    window_grant(&window, 10);
    CHECK("what was granted may come, once", window_received(&window, 10) && !window_received(&window, 1));
}

/* ---- text ---- */

static void test_accounts(void)
{
    static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\nbroken\nwww:x:33:34::/var/www:/usr/sbin/nologin\n1000:x:7:7::/h:\n"
                                 "dev:x:1000:1000:D:/home/dev:/bin/sh";
    static const char group[] = "root:x:0:\nsudo:x:27:alice,dev\ndocker:x:99:dev\nwww:x:34:dev\nbad:x:y:dev\ndevs:x:50:developer";
    struct account account;
    gid_t groups[8];
    CHECK("a name is found", passwd_find(passwd, "www", &account) && account.uid == 33 && account.gid == 34
                                 && strcmp(account.home, "/var/www") == 0);
    CHECK("a uid is found", passwd_find(passwd, "0", &account) && strcmp(account.name, "root") == 0);
    CHECK("the last line needs no newline", passwd_find(passwd, "dev", &account) && strcmp(account.shell, "/bin/sh") == 0);
    CHECK("an unknown user is not found", !passwd_find(passwd, "roo", &account) && !passwd_find(passwd, "4711", &account));
    CHECK("a user's groups are listed, the primary first", group_list(group, "dev", 1000, groups, 8) == 4 && groups[0] == 1000
                                                               && groups[1] == 27 && groups[2] == 99 && groups[3] == 34);
    CHECK("the list is bounded", group_list(group, "dev", 1000, groups, 2) == 2);
}

static void test_small_texts(void)
{
    uint32_t address;
    uint32_t mask;
    uint8_t mac[6];
    char out[256];
    const char *parameters;
    CHECK("an address with its length", parse_cidr("10.0.2.15/24", &address, &mask) && address == 0x0f02000a && mask == 0x00ffffff);
    CHECK("length 0 is a mask of 0", parse_cidr("10.0.2.15/0", &address, &mask) && mask == 0);
    CHECK("length 33 is refused", !parse_cidr("10.0.2.15/33", &address, &mask) && !parse_cidr("10.0.2/24", &address, &mask));
    CHECK("a MAC", parse_mac("52:54:00:aB:cd:ef", mac) && mac[3] == 0xab);
    CHECK("a multicast or malformed MAC is refused", !parse_mac("53:54:00:ab:cd:ef", mac) && !parse_mac("52-54-00-ab-cd-ef", mac));
    CHECK("host names", valid_hostname("box-1.example") && !valid_hostname("a b") && !valid_hostname("a\n127.0.0.1 x") && !valid_hostname(""));
    CHECK("machine ids", valid_machine_id("0123456789abcdef0123456789abcdef") && !valid_machine_id("00000000000000000000000000000000")
                             && !valid_machine_id("0123456789abcdef") && !valid_machine_id("0123456789ABCDEF0123456789abcdef"));
    CHECK("a module's line", module_line(" /modules/a.ko  x=1 y=2", out, sizeof out, &parameters)
                                 && strcmp(out, "/modules/a.ko") == 0 && strcmp(parameters, "x=1 y=2") == 0);
    CHECK("comments and empty lines are none", !module_line("# x", out, sizeof out, &parameters) && !module_line("", out, sizeof out, &parameters));
    virtio_mmio_parameters("quiet virtio_mmio.device=512@0xfeb00000:5 x virtio_mmio.device=512@0xfeb00200:6\n", out, sizeof out);
    CHECK("virtio-mmio devices are collected", strcmp(out, "device=512@0xfeb00000:5 device=512@0xfeb00200:6") == 0);
    virtio_mmio_parameters("virtio_mmio.device=512@0xfeb00000:5 virtio_mmio.device=512@0xfeb00200:6", out, 30);
    CHECK("what does not fit is left out whole", strcmp(out, "device=512@0xfeb00000:5") == 0);
    CHECK("a value of the command line", cmdline_value("quiet xbanger.disks=no banger.disks=root,work\n", "banger.disks", out, sizeof out)
                                             && strcmp(out, "root,work") == 0);
    CHECK("a word alone has no value", !cmdline_value("banger.disks quiet banger.disksx=1", "banger.disks", out, sizeof out));
    CHECK("a value that does not fit is none", !cmdline_value("banger.disks=root,work", "banger.disks", out, 6));
    CHECK("places in a list", list_index("root,work,modules", "root") == 0 && list_index("root,work,modules", "modules") == 2);
    CHECK("a part of a word is not in the list", list_index("root,work,modules", "mod") < 0 && list_index("", "root") < 0);
    CHECK("hosts keeps foreign lines", hosts_text("box", "127.0.0.1 localhost\n10.1.1.1 db\n127.0.1.1 old\n::1 x\n", out, sizeof out)
                                           && strstr(out, "127.0.1.1\tbox box.vm\n") != NULL && strstr(out, "10.1.1.1 db\n") != NULL
                                           && strstr(out, "old") == NULL);
    CHECK("hosts that do not fit are refused", !hosts_text("box", "", out, 20));
}

/* ---- files and tar ---- */

static bool content_is(const char *path, const char *expected)
{
    char text[64];
    return read_file(path, text, sizeof text) >= 0 && strcmp(text, expected) == 0;
}

static bool put(const char *path, const char *text, mode_t mode)
{
    return write_file(path, text, strlen(text), mode, getuid(), getgid());
}

static void test_files(void)
{
    struct stat status;
    CHECK("directories are made", make_directories(path_in("a/b/c"), 0755) && make_directories(path_in("a/b/c"), 0755));
    CHECK("a file is written with its mode", put(path_in("a/f"), "one", 0640) && stat(path_in("a/f"), &status) == 0
                                                 && (status.st_mode & 07777) == 0640);
    CHECK("a link is replaced, not followed", symlink("f", path_in("a/l")) == 0 && put(path_in("a/l"), "two", 0600)
                                                  && content_is(path_in("a/f"), "one") && content_is(path_in("a/l"), "two"));
    CHECK("a dangling link is replaced", symlink("/nowhere/x", path_in("a/d")) == 0 && put(path_in("a/d"), "three", 0600)
                                             && content_is(path_in("a/d"), "three"));
    CHECK("too large a file is an error", read_file(path_in("a/d"), (char[4]) {0}, 4) < 0 && errno == EFBIG);
}

static void test_copy_tree(void)
{
    struct stat status;
    char target[16];
    CHECK("setup", make_directories(path_in("from/.config"), 0700) && make_directories(path_in("to"), 0755)
                       && put(path_in("from/.config/x"), "new", 0751) && put(path_in("from/mine"), "image", 0644)
                       && put(path_in("to/mine"), "user", 0600) && symlink("mine", path_in("from/link")) == 0);
    const int from = open(path_in("from"), O_RDONLY | O_DIRECTORY);
    const int to = open(path_in("to"), O_RDONLY | O_DIRECTORY);
    CHECK("P18: the content goes into the directory itself", copy_tree(from, to, 0) && content_is(path_in("to/.config/x"), "new")
                                                                 && stat(path_in("to/from"), &status) != 0);
    CHECK("modes are kept", stat(path_in("to/.config/x"), &status) == 0 && (status.st_mode & 07777) == 0751);
    CHECK("what is there stays", content_is(path_in("to/mine"), "user"));
    CHECK("links stay links", readlink(path_in("to/link"), target, sizeof target) == 4);
    CHECK("a second copy changes nothing", copy_tree(from, to, 0) && content_is(path_in("to/.config/x"), "new"));
    (void) close(from);
    (void) close(to);
}

static int errors;

static int pack(const char *path, const char *archive)
{
    const int out = open(archive, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const int status = tar_write(path, out, errors);
    (void) close(out);
    return status;
}

static int unpack(const char *archive, const char *directory)
{
    const int in = open(archive, O_RDONLY | O_CLOEXEC);
    const int status = tar_read(directory, in, errors);
    (void) close(in);
    return status;
}

static void test_tar_round_trip(void)
{
    char long_name[300];
    char command[1024];
    struct stat status;
    struct stat copied;
    struct timespec times[2] = {{0, UTIME_OMIT}, {1000000000, 0}};
    (void) make_directories(path_in("t/src/deep"), 0755);
    memset(long_name, 'n', 200);
    (void) snprintf(long_name + 200, sizeof long_name - 200, "/file");
    (void) snprintf(command, sizeof command, "%s/%.200s", path_in("t/src"), long_name);
    (void) make_directories(command, 0755);
    (void) snprintf(command, sizeof command, "%s/%s", path_in("t/src"), long_name);
    CHECK("setup", put(command, "long", 0644) && put(path_in("t/src/f"), "content", 04755)
                       && symlink("f", path_in("t/src/link")) == 0 && link(path_in("t/src/f"), path_in("t/src/hard")) == 0
                       && utimensat(AT_FDCWD, path_in("t/src/deep"), times, 0) == 0 && put(path_in("t/src/empty"), "", 0600));
    CHECK("a tree is packed", pack(path_in("t/src/"), path_in("t/a.tar")) == TAR_OK);
    CHECK("it is unpacked", unpack(path_in("t/a.tar"), path_in("t/dst")) == TAR_OK);
    CHECK("content and set-uid bit come back", content_is(path_in("t/dst/src/f"), "content")
                                                   && stat(path_in("t/dst/src/f"), &status) == 0 && (status.st_mode & 07777) == 04755);
    CHECK("hard links come back as copies", content_is(path_in("t/dst/src/hard"), "content"));
    CHECK("a directory's time comes back", stat(path_in("t/dst/src/deep"), &copied) == 0 && copied.st_mtim.tv_sec == 1000000000);
    (void) snprintf(command, sizeof command, "%s/%s", path_in("t/dst/src"), long_name);
    CHECK("long names come back", content_is(command, "long"));
    (void) snprintf(command, sizeof command, "mkdir %s && tar -C %s -xf %s && diff -r %s %s", path_in("t/gnu"), path_in("t/gnu"),
        path_in("t/a.tar"), path_in("t/gnu/src"), path_in("t/src"));
    CHECK("GNU tar reads what is packed", system(command) == 0);
    for (int i = 0; i < 3; i++) {
        static const char *const formats[] = {"gnu", "pax", "ustar"};
        char name[16];
        (void) snprintf(name, sizeof name, "t/%s.tar", formats[i]);
        (void) snprintf(command, sizeof command, "tar -C %s -c --format=%s --exclude='*nnn*%s' -f %s src", path_in("t"), formats[i],
            i == 2 ? "" : "never", path_in(name));
        CHECK("GNU tar packs", system(command) == 0);
        (void) snprintf(command, sizeof command, "t/from-%s", formats[i]);
        CHECK("what GNU tar packs is unpacked", unpack(path_in(name), path_in(command)) == TAR_OK);
        (void) snprintf(command, sizeof command, "diff -r %s '--exclude=nnn*' %s/t/from-%s/src", path_in("t/src"), work, formats[i]);
        CHECK("and is the same", system(command) == 0);
    }
    CHECK("a missing path is told", pack(path_in("t/missing"), path_in("t/m.tar")) == TAR_NOT_FOUND);
    CHECK("a single file is packed", pack(path_in("t/src/f"), path_in("t/f.tar")) == TAR_OK
                                         && unpack(path_in("t/f.tar"), path_in("t/one")) == TAR_OK
                                         && content_is(path_in("t/one/f"), "content"));
}

/* One archive of up to three entries without content but the first's. */
static int unpack_entries(const struct tar_entry *entries, size_t count, const char *directory)
{
    uint8_t block[TAR_BLOCK];
    const int out = open(path_in("hostile.tar"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (size_t i = 0; i < count; i++) {
        struct tar_entry entry = entries[i];
        entry.uid = getuid();
        entry.gid = getgid();
        entry.mode = 0755;
        tar_encode(&entry, block);
        (void) write_all(out, block, sizeof block);
        if (entry.size > 0) {
            memset(block, 'e', sizeof block);
            (void) write_all(out, block, sizeof block);
        }
    }
    memset(block, 0, sizeof block);
    (void) write_all(out, block, sizeof block);
    (void) close(out);
    return unpack(path_in("hostile.tar"), directory);
}

static void test_tar_is_confined(void)
{
    struct stat status;
    char outside[256];
    (void) snprintf(outside, sizeof outside, "%s", path_in("outside"));
    (void) make_directories(outside, 0755);
    const struct tar_entry up = {.type = '0', .name = "../outside/f", .size = 4};
    const struct tar_entry inner_up = {.type = '0', .name = "a/../../outside/f", .size = 4};
    struct tar_entry absolute = {.type = '0', .size = 4};
    (void) snprintf(absolute.name, sizeof absolute.name, "%s/f", outside);
    struct tar_entry plant[2] = {{.type = '2', .name = "l"}, {.type = '0', .name = "l/f", .size = 4}};
    (void) snprintf(plant[0].link, sizeof plant[0].link, "%s", outside);
    struct tar_entry through[2] = {{.type = '2', .name = "g"}, {.type = '0', .name = "g", .size = 4}};
    (void) snprintf(through[0].link, sizeof through[0].link, "%s/f", outside);
    struct tar_entry hard[2] = {{.type = '2', .name = "h"}, {.type = '1', .name = "h2", .link = "h/f"}};
    (void) snprintf(hard[0].link, sizeof hard[0].link, "%s", outside);
    struct tar_entry chmod_out[2] = {{.type = '2', .name = "k"}, {.type = '5', .name = "k/"}};
    (void) snprintf(chmod_out[0].link, sizeof chmod_out[0].link, "%s", outside);
    const struct tar_entry hard_up = {.type = '1', .name = "x", .link = "../outside"};
    CHECK("a name with .. is refused", unpack_entries(&up, 1, path_in("in")) == TAR_REFUSED);
    CHECK("a name with .. inside is refused", unpack_entries(&inner_up, 1, path_in("in")) == TAR_REFUSED);
    CHECK("an absolute name is refused", unpack_entries(&absolute, 1, path_in("in")) == TAR_REFUSED);
    CHECK("P83: a planted link is not followed", unpack_entries(plant, 2, path_in("in")) == TAR_REFUSED);
    CHECK("a link in the file's place is replaced", unpack_entries(through, 2, path_in("in")) == TAR_OK && content_is(path_in("in/g"), "eeee"));
    CHECK("a hard link through a planted link is refused", unpack_entries(hard, 2, path_in("in")) == TAR_REFUSED);
    CHECK("a directory entry does not reach through a link", unpack_entries(chmod_out, 2, path_in("in")) == TAR_REFUSED);
    CHECK("a hard link to the outside is refused", unpack_entries(&hard_up, 1, path_in("in")) == TAR_REFUSED);
    (void) snprintf(outside, sizeof outside, "%s", path_in("outside/f"));
    CHECK("nothing was written outside", lstat(outside, &status) != 0 && errno == ENOENT);
    CHECK("what is not tar is told", unpack(path_in("in/g"), path_in("in2")) == TAR_MALFORMED);
}

static void test_tar_texts(void)
{
    static struct tar_pax pax;
    static const char good[] = "12 path=a/b\n17 size=12345678\n22 mtime=1600000000.5\n";
    CHECK("pax records", tar_pax_apply(good, sizeof good - 1, &pax) && strcmp(pax.entry.name, "a/b") == 0
                             && pax.entry.size == 12345678 && pax.entry.mtime == 1600000000);
    CHECK("a record longer than the header", !tar_pax_apply("99 path=a\n", 10, &pax));
    CHECK("a record shorter than itself", !tar_pax_apply("3 path=a\n", 9, &pax));
    CHECK("a record without =", !tar_pax_apply("9 patha/\n", 9, &pax));
    CHECK("safe names", tar_name_is_safe("a/..b/c..") && tar_name_is_safe("./a") && !tar_name_is_safe("a/..") && !tar_name_is_safe(""));
}

/* ---- the launcher ---- */

static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int run(const char *format, ...)
{
    char command[2048];
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    const int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool comes_true(bool (*what)(void))
{
    for (int i = 0; i < 500; i++) {
        const struct timespec moment = {0, 10000000};
        if (what()) {
            return true;
        }
        (void) nanosleep(&moment, NULL);
    }
    return false;
}

static bool last_line_arrived(void)
{
    return run("tail -n1 %s/ring/out 2>/dev/null | grep -qx 30000", work) == 0;
}

static bool error_arrived(void)
{
    return run("grep -q '^done' %s/ring/err 2>/dev/null", work) == 0;
}

static bool third_arrived(void)
{
    return run("grep -qx third %s/ring/third 2>/dev/null && grep -qx err %s/ring/e && grep -qx out %s/ring/o", work, work, work) == 0;
}

static void test_launcher(const char *launch)
{
    struct stat status;
    struct stat old;
    (void) make_directories(path_in("ring"), 0700);
    (void) symlink(path_in("untouched"), path_in("ring/link"));
    CHECK("a program's status is its own", run("%s -- sh -c 'exit 7'", launch) == 7);
    CHECK("a missing program is 127", run("%s -- /nonexistent 2>/dev/null", launch) == 127);
    CHECK("a program that cannot be executed is 126", run("%s -- / 2>/dev/null", launch) == 126);
    CHECK("no program is a usage error", run("%s 2>/dev/null", launch) == 125);
    CHECK("a tiny ring is refused", run("%s --ring %s/ring/out:100 -- true 2>/dev/null", launch, work) == 125);
#if defined(__x86_64__)
    CHECK("the counter's speed is a number of kHz", run("%s --tsc-khz | grep -qE '^[1-9][0-9]{5,7}$'", launch) == 0);
    CHECK("a KVM runs a guest or is refused with a reason",
        run("timeout 20 %s --kvm 2>&1 | grep -qE '^works$|^banger-launch: .*(KVM|kvm)'", launch) == 0);
#endif
    CHECK("it runs with rings", run("%s --ring %s/ring/out:65536 --ring %s/ring/err:65536 -- sh -c 'seq 1 30000; grep NoNewPrivs "
                                    "/proc/self/status >&2; ulimit -c >&2; ls /proc/self/fd >&2; cut -d\" \" -f1,6 /proc/$$/stat >&2; "
                                    "readlink /proc/self/fd/0 >&2; echo done $$ >&2' 9</dev/null", launch, work, work) == 0);
    CHECK("the end of the output is in the ring", comes_true(last_line_arrived));
    CHECK("the ring is bounded", stat(path_in("ring/out"), &status) == 0 && stat(path_in("ring/out.1"), &old) == 0
                                     && status.st_size + old.st_size <= 65536 && old.st_size == 32768);
    CHECK("its files are private", (status.st_mode & 07777) == 0600 && (old.st_mode & 07777) == 0600);
    CHECK("the error output is in the second", comes_true(error_arrived));
    CHECK("no new privileges", run("grep -q 'NoNewPrivs:.1' %s/ring/err", work) == 0);
    CHECK("no core dumps, stdin is empty", run("grep -qx 0 %s/ring/err && grep -qx /dev/null %s/ring/err", work, work) == 0);
    CHECK("no descriptor is inherited", run("! grep -qx 9 %s/ring/err", work) == 0);
    CHECK("a session of its own", run("pid=$(sed -n 's/done //p' %s/ring/err); grep -qx \"$pid $pid\" %s/ring/err", work, work) == 0);
    CHECK("it runs with a third ring", run("%s --ring %s/ring/o:65536 --ring %s/ring/e:65536 --ring %s/ring/third:65536 -- sh -c "
                                           "'echo out; echo err >&2; echo third >&4; exit 5'", launch, work, work, work) == 5);
    CHECK("what goes to descriptor 4 is in the third", comes_true(third_arrived));
    CHECK("and what goes elsewhere is not", run("grep -qx out %s/ring/o && grep -qx err %s/ring/e", work, work) == 0);
    CHECK("a fourth ring is refused",
        run("%s --ring %s/ring/a:65536 --ring %s/ring/b:65536 --ring %s/ring/c:65536 --ring %s/ring/d:65536 -- true 2>/dev/null", launch,
            work, work, work, work) == 125);
    CHECK("a link in the ring's place is not followed", run("%s --ring %s/ring/link:65536 -- echo hello", launch, work) == 0
                                                             && stat(path_in("untouched"), &status) != 0);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void) status;
    (void) kind;
    (void) where;
    return remove(path);
}

static void put_little(uint8_t *at, size_t bytes, uint64_t value)
{
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t) (value >> (8 * i));
    }
}

static void test_superblock(void)
{
    uint8_t block[EXT4_SUPERBLOCK] = {0};
    struct ext4_superblock found;
    CHECK("zeros are no file system", !ext4_parse(block, &found));
    put_little(block + 0x04, 4, 0x10000);
    put_little(block + 0x18, 4, 2);
    put_little(block + 0x38, 2, 0xef53);
    put_little(block + 0x3a, 2, 1);
    put_little(block + 0x150, 4, 1);
    CHECK("a superblock is read", ext4_parse(block, &found) && found.block_size == 4096 && found.blocks == 0x10000);
    CHECK("as is that it is clean", found.clean && !found.has_errors);
    put_little(block + 0x60, 4, 0x80);
    CHECK("a large file system has more blocks", ext4_parse(block, &found) && found.blocks == 0x100010000);
    put_little(block + 0x3a, 2, 3);
    CHECK("damage is seen", ext4_parse(block, &found) && found.clean && found.has_errors);
    put_little(block + 0x18, 4, 7);
    CHECK("blocks of a size that there is not are none", !ext4_parse(block, &found));
}

int main(int count, char **arguments)
{
    (void) snprintf(work, sizeof work, "/tmp/banger-native-XXXXXX");
    if (count != 2 || mkdtemp(work) == NULL) {
        (void) fprintf(stderr, "usage: test-native LAUNCHER\n");
        return 64;
    }
    errors = open("/dev/null", O_WRONLY | O_CLOEXEC);
    test_round_trip();
    test_byte_by_byte();
    test_protocol_errors();
    test_starting_in_the_middle();
    test_fields();
    test_windows();
    test_accounts();
    test_small_texts();
    test_files();
    test_copy_tree();
    test_tar_round_trip();
    test_tar_is_confined();
    test_tar_texts();
    test_superblock();
    test_launcher(arguments[1]);
    (void) make_directories(path_in("fuzz"), 0755);
    CHECK("hostile bytes do no harm", fuzz_run(path_in("fuzz"), 4000, 0x9e3779b97f4a7c15u));
    (void) nftw(work, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    (void) printf("native: %d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
