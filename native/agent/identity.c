#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define RESTORE_HOOKS "/etc/banger/restore.d"

void fail(struct outcome *outcome, const char *code, const char *format, ...)
{
    char message[sizeof outcome->message];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(message, sizeof message, format, arguments) < 0) {
        message[0] = 0;
    }
    va_end(arguments);
    if (outcome->code == NULL) { /* the first reason is the one that matters */
        outcome->code = code;
        memcpy(outcome->message, message, sizeof message);
    }
}

static bool text_of(const struct field *field, char *out, size_t capacity, struct outcome *outcome, const char *what)
{
    if (!field_string(field, out, capacity) || !valid_line(out)) {
        fail(outcome, "INVALID_ARGUMENT", "the identity's %s is not a line of text of less than %zu bytes", what, capacity);
        return false;
    }
    return true;
}

static void put_file(const char *path, const char *text, size_t length, mode_t mode, struct outcome *outcome)
{
    if (!write_file(path, text, length, mode, 0, 0)) {
        fail(outcome, "INTERNAL", "cannot write %s: %s", path, strerror(errno));
    }
}

static void apply_entropy(const struct field *field, struct outcome *outcome)
{
    union {
        struct rand_pool_info info;
        uint8_t bytes[sizeof(struct rand_pool_info) + 512];
    } pool;
    if (field->length < 32 || field->length > 512) {
        fail(outcome, "INVALID_ARGUMENT", "the identity's entropy is %u bytes long, not 32 .. 512", field->length);
        return;
    }
    pool.info.entropy_count = (int) (field->length * 8);
    pool.info.buf_size = (int) field->length;
    memcpy(pool.bytes + sizeof(struct rand_pool_info), field->value, field->length);
    /* RNDRESEEDCRNG (random(4)): two clones must differ from now on, not from the next periodic reseeding. */
    const int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) != 0 || ioctl(fd, RNDRESEEDCRNG) != 0) {
        fail(outcome, "INTERNAL", "cannot seed the kernel's random pool: %s", strerror(errno));
    }
    if (fd >= 0) {
        (void) close(fd);
    }
    explicit_bzero(&pool, sizeof pool);
}

/* `received` is when the frame was read: what was done since then belongs to the time too. */
static void apply_clock(const struct field *field, int64_t received, struct outcome *outcome)
{
    uint64_t wanted;
    if (!field_u64(field, &wanted)) {
        fail(outcome, "INVALID_ARGUMENT", "the identity's clock is not 8 bytes long");
        return;
    }
    wanted += (uint64_t) (now_ms() - received) * 1000000;
    const struct timespec time = {(time_t) (wanted / 1000000000), (long) (wanted % 1000000000)};
    if (clock_settime(CLOCK_REALTIME, &time) != 0) {
        fail(outcome, "INTERNAL", "cannot set the clock: %s", strerror(errno));
    }
}

static void apply_hostname(const struct field *field, struct outcome *outcome)
{
    static char old[16384];
    static char text[20480];
    char name[128];
    if (!field_string(field, name, sizeof name) || !valid_hostname(name)) {
        fail(outcome, "INVALID_ARGUMENT", "the identity's hostname is not a host name");
        return;
    }
    if (sethostname(name, strlen(name)) != 0) {
        fail(outcome, "INTERNAL", "cannot set the hostname: %s", strerror(errno));
    }
    const int length = snprintf(text, sizeof text, "%s\n", name);
    put_file("/etc/hostname", text, (size_t) length, 0644, outcome);
    if (read_file("/etc/hosts", old, sizeof old) < 0) {
        old[0] = 0;
    }
    if (hosts_text(name, old, text, sizeof text)) {
        put_file("/etc/hosts", text, strlen(text), 0644, outcome);
    }
}

static void apply_machine_id(const struct field *field, struct outcome *outcome)
{
    char text[64];
    struct stat status;
    if (!field_string(field, text, sizeof text - 1) || !valid_machine_id(text)) {
        fail(outcome, "INVALID_ARGUMENT", "the identity's machine id is not 32 hex digits");
        return;
    }
    text[32] = '\n';
    put_file("/etc/machine-id", text, 33, 0444, outcome);
    if (lstat("/var/lib/dbus/machine-id", &status) == 0 && S_ISREG(status.st_mode)) {
        put_file("/var/lib/dbus/machine-id", text, 33, 0444, outcome);
    }
}

/* The kernel's boot id cannot be changed; what programs read at its path can (mount(2), MS_BIND of a file on a file). */
static void renew_boot_id(struct outcome *outcome)
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
    uint8_t random[16];
    char text[40];
    if (getrandom(random, sizeof random, 0) != (ssize_t) sizeof random) {
        fail(outcome, "INTERNAL", "cannot make a boot id: %s", strerror(errno));
        return;
    }
    random[6] = (uint8_t) ((random[6] & 0x0f) | 0x40); /* RFC 9562: version 4, variant 10 */
    random[8] = (uint8_t) ((random[8] & 0x3f) | 0x80);
    size_t length = 0;
    for (size_t i = 0; i < sizeof random; i++) {
        const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
        length += (size_t) snprintf(text + length, sizeof text - length, "%s%02x", dash, random[i]);
    }
    text[length++] = '\n';
    (void) umount2(path, MNT_DETACH); /* that of the restore before; EINVAL where there was none */
    if (!write_file("/run/banger/boot_id", text, length, 0444, 0, 0)
        || mount("/run/banger/boot_id", path, NULL, MS_BIND, NULL) != 0) {
        fail(outcome, "INTERNAL", "cannot renew the boot id: %s", strerror(errno));
    }
}

static const char *root_home(void)
{
    static char passwd[65536];
    static struct account account;
    if (read_file("/etc/passwd", passwd, sizeof passwd) > 0 && passwd_find(passwd, "0", &account) && account.home[0] == '/') {
        return account.home;
    }
    return "/root";
}

static void write_authorized_keys(const char *text, size_t length, struct outcome *outcome)
{
    const char *home = root_home();
    char path[MAX_PATH + 32];
    (void) snprintf(path, sizeof path, "%s/.ssh", home);
    if (!make_directories(home, 0700) || (mkdir(path, 0700) != 0 && errno != EEXIST) || chmod(path, 0700) != 0) {
        fail(outcome, "INTERNAL", "cannot make %s: %s", path, strerror(errno));
        return;
    }
    (void) snprintf(path, sizeof path, "%s/.ssh/authorized_keys", home);
    put_file(path, text, length, 0600, outcome);
}

static void remove_other_host_keys(void)
{
    DIR *directory = opendir("/etc/ssh");
    if (directory == NULL) {
        return;
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        const char *name = entry->d_name;
        if (strncmp(name, "ssh_host_", 9) == 0 && strcmp(name, "ssh_host_ed25519_key") != 0
            && strcmp(name, "ssh_host_ed25519_key.pub") != 0) {
            (void) unlinkat(dirfd(directory), name, 0); /* a directory of that name is not a key */
        }
    }
    (void) closedir(directory);
}

static void apply_host_key(const struct field *key, const struct field *public, struct outcome *outcome)
{
    static char old[16384];
    struct stat status;
    if (stat("/etc/ssh", &status) != 0 || !S_ISDIR(status.st_mode)) {
        return; /* an image without ssh */
    }
    if (memchr(key->value, 0, key->length) != NULL || memchr(public->value, 0, public->length) != NULL) {
        fail(outcome, "INVALID_ARGUMENT", "the identity's host key holds a zero byte");
        return;
    }
    const ssize_t length = read_file("/etc/ssh/ssh_host_ed25519_key", old, sizeof old);
    const bool same = length == (ssize_t) key->length && memcmp(old, key->value, key->length) == 0;
    explicit_bzero(old, sizeof old);
    put_file("/etc/ssh/ssh_host_ed25519_key", (const char *) key->value, key->length, 0600, outcome);
    if (public->length > 0) {
        put_file("/etc/ssh/ssh_host_ed25519_key.pub", (const char *) public->value, public->length, 0644, outcome);
    }
    remove_other_host_keys();
    char text[32];
    uint32_t pid;
    if (!same && read_file("/run/sshd.pid", text, sizeof text) > 0) {
        text[strcspn(text, "\n")] = 0;
        if (parse_u32(text, &pid) && pid > 1 && pid <= INT32_MAX) {
            (void) kill((pid_t) pid, SIGHUP); /* sshd(8): reads its configuration and keys again. ESRCH: not running */
        }
    }
}

/* ---- the work disk ---- */

static void apply_work_disk(const struct field *field, bool restored, uint64_t bytes, struct outcome *outcome)
{
    char directory[MAX_PATH];
    if (!text_of(field, directory, sizeof directory, outcome, "work disk")) {
        return;
    }
    if (directory[0] != '/' || directory[1] == 0) {
        fail(outcome, "INVALID_ARGUMENT", "the work disk's mount point is not an absolute path below /");
        return;
    }
    work_disk_apply(directory, restored, bytes, outcome);
}

/* ---- the network ---- */

struct network_fields {
    bool has_mac;
    bool has_address;
    bool has_gateway;
    uint8_t mac[6];
    uint32_t address;
    uint32_t mask;
    uint32_t gateway;
};

static void network_field(const struct field *field, struct network_fields *network, struct outcome *outcome)
{
    char text[64];
    uint32_t mask;
    bool ok = field_string(field, text, sizeof text);
    if (field->tag == FIELD_MAC) {
        network->has_mac = ok = ok && parse_mac(text, network->mac);
    } else if (field->tag == FIELD_ADDRESS) {
        network->has_address = ok = ok && parse_cidr(text, &network->address, &network->mask);
    } else {
        network->has_gateway = ok = ok && strchr(text, '/') == NULL && parse_cidr(text, &network->gateway, &mask);
    }
    if (!ok) {
        fail(outcome, "INVALID_ARGUMENT", "the identity's network address cannot be read (tag %u)", field->tag);
    }
}

static void apply_network(const struct network_fields *network, bool restored, struct outcome *outcome)
{
    char interface[16];
    if (!network_loopback()) {
        fail(outcome, "INTERNAL", "cannot bring up lo: %s", strerror(errno));
    }
    if (!network->has_mac && !network->has_address && !network->has_gateway) {
        return;
    }
    if (!network_interface(interface)) {
        fail(outcome, "NOT_FOUND", "there is no virtio network interface");
        return;
    }
    if (network->has_mac && !network_set_mac(interface, network->mac)) {
        fail(outcome, "INTERNAL", "cannot set the MAC of %s: %s", interface, strerror(errno));
    }
    if (network->has_address && !network_set_address(interface, network->address, network->mask)) {
        fail(outcome, "INTERNAL", "cannot set the address of %s: %s", interface, strerror(errno));
    }
    if (network->has_gateway && !network_set_gateway(interface, network->gateway)) {
        fail(outcome, "INTERNAL", "cannot set the default route by %s: %s", interface, strerror(errno));
    }
    /*
     * What the other end remembers came with the saved machine: the MAC it had then. QEMU's user network neither asks
     * anew nor floods, so nothing from outside would arrive before this guest sends something of its own. A kernel
     * without packet sockets costs just this: no failure.
     */
    if (restored && network->has_address && !network_announce(interface, network->address)) {
        say("cannot announce the address of %s: %s", interface, strerror(errno));
    }
}

/* ---- all of it ---- */

struct lines {
    char text[65536];
    size_t length;
    bool any;
};

static void add_line(struct lines *lines, const char *prefix, const struct field *field, const char *what,
    struct outcome *outcome)
{
    static char line[16384];
    if (!text_of(field, line, sizeof line, outcome, what)) {
        return;
    }
    const int added = snprintf(lines->text + lines->length, sizeof lines->text - lines->length, "%s%s\n", prefix, line);
    if (added < 0 || (size_t) added >= sizeof lines->text - lines->length) {
        fail(outcome, "INVALID_ARGUMENT", "the identity has too many lines of %s", what);
        return;
    }
    lines->length += (size_t) added;
    lines->any = true;
}

void identity_apply(const uint8_t *payload, size_t length, uint32_t *generation, struct outcome *outcome)
{
    static struct lines resolvers;
    static struct lines keys;
    const int64_t received = now_ms();
    struct network_fields network = {0};
    struct field_reader reader;
    struct field field;
    struct field host_key = {0};
    struct field host_key_public = {0, 0, (const uint8_t *) ""};
    outcome->code = NULL;
    *generation = 1;
    resolvers.length = keys.length = 0;
    resolvers.any = keys.any = false;
    if (!fields_well_formed(payload, length)) {
        fail(outcome, "INVALID_ARGUMENT", "the identity's fields are malformed");
        return;
    }
    if (mkdir("/etc", 0755) != 0 && errno != EEXIST) {
        fail(outcome, "INTERNAL", "cannot make /etc: %s", strerror(errno));
    }
    /* The work disk first: the keys may go onto it. Randomness before anything that draws some. */
    if (field_find(payload, length, FIELD_ENTROPY, &field)) {
        apply_entropy(&field, outcome);
    }
    if (field_find(payload, length, FIELD_WORK_DISK, &field)) {
        struct field number;
        uint32_t given = 1;
        const bool restored = field_find(payload, length, FIELD_GENERATION, &number) && field_u32(&number, &given)
            && given > 1;
        uint64_t bytes = 0;
        if (field_find(payload, length, FIELD_WORK_DISK_BYTES, &number) && !field_u64(&number, &bytes)) {
            fail(outcome, "INVALID_ARGUMENT", "the work disk's size is not 8 bytes long");
        }
        apply_work_disk(&field, restored, bytes, outcome);
    }
    field_reader_init(&reader, payload, length);
    while (field_next(&reader, &field)) {
        switch (field.tag) {
        case FIELD_HOSTNAME:
            apply_hostname(&field, outcome);
            break;
        case FIELD_ADDRESS:
        case FIELD_GATEWAY:
        case FIELD_MAC:
            network_field(&field, &network, outcome);
            break;
        case FIELD_DNS:
            add_line(&resolvers, "nameserver ", &field, "DNS", outcome);
            break;
        case FIELD_AUTHORIZED_KEY:
            add_line(&keys, "", &field, "authorized keys", outcome);
            break;
        case FIELD_HOST_KEY:
            host_key = field;
            break;
        case FIELD_HOST_KEY_PUBLIC:
            host_key_public = field;
            break;
        case FIELD_CLOCK:
            apply_clock(&field, received, outcome);
            break;
        case FIELD_MACHINE_ID:
            apply_machine_id(&field, outcome);
            break;
        case FIELD_GENERATION:
            if (!field_u32(&field, generation)) {
                fail(outcome, "INVALID_ARGUMENT", "the identity's generation is not 4 bytes long");
            }
            break;
        default:
            break; /* a newer daemon may say more */
        }
    }
    if (resolvers.any) {
        /* rename(2) replaces a link into /run (of systemd-resolved) or a dangling one by the file itself. */
        put_file("/etc/resolv.conf", resolvers.text, resolvers.length, 0644, outcome);
    }
    apply_network(&network, *generation > 1, outcome);
    if (keys.any) {
        write_authorized_keys(keys.text, keys.length, outcome);
    }
    if (host_key.length > 0) {
        apply_host_key(&host_key, &host_key_public, outcome);
    }
    if (*generation > 1) {
        renew_boot_id(outcome);
    }
}

/* ---- programs of the image that want to know of a restore ---- */

static int runnable(const struct dirent *entry)
{
    struct stat status;
    char path[MAX_PATH];
    (void) snprintf(path, sizeof path, RESTORE_HOOKS "/%s", entry->d_name);
    return entry->d_name[0] != '.' && stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

bool identity_has_restore_hooks(void)
{
    DIR *directory = opendir(RESTORE_HOOKS);
    bool any = false;
    if (directory == NULL) {
        return false;
    }
    for (const struct dirent *entry; !any && (entry = readdir(directory)) != NULL;) {
        any = runnable(entry) != 0;
    }
    (void) closedir(directory);
    return any;
}

void identity_run_restore_hooks(void)
{
    struct dirent **entries;
    const int count = scandir(RESTORE_HOOKS, &entries, runnable, alphasort);
    const int64_t deadline = now_ms() + 10000; /* for all of them: a restore must not hang on an image's script */
    int status = 0;
    for (int i = 0; i < count; i++) {
        char path[MAX_PATH];
        (void) snprintf(path, sizeof path, RESTORE_HOOKS "/%s", entries[i]->d_name);
        const pid_t pid = fork();
        if (pid == 0) {
            (void) setsid();
            (void) execl(path, path, (char *) NULL);
            _exit(127);
        }
        if (pid < 0) {
            status = 1;
            break;
        }
        int result = 0;
        while (waitpid(pid, &result, WNOHANG) == 0) {
            const struct timespec moment = {0, 5000000};
            if (now_ms() > deadline) {
                (void) kill(-pid, SIGKILL);
                (void) waitpid(pid, &result, 0);
                break;
            }
            (void) nanosleep(&moment, NULL);
        }
        if (result != 0) {
            say("%s ended with status %d", path, WIFEXITED(result) ? WEXITSTATUS(result) : 128 + WTERMSIG(result));
            status = 1;
        }
    }
    _exit(status);
}
