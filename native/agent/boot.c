#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <linux/vm_sockets.h> /* after sys/socket.h, whose struct sockaddr it needs */

/* fs/ext4/ext4.h of the kernel; no exported header has it. The argument is the wanted number of blocks. */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

#define NEW_ROOT "/newroot"

struct boot_stage stages[MAX_STAGES];
size_t stage_count;

static int initramfs = -1;
static char mmio_parameters[2048];
/* A VMM whose disks have no serial numbers names them in their order: banger.disks=root,work,modules. */
static char disk_order[128];
/* A VMM without a virtio-serial port has a vsock, and says which port to listen on: banger.vsock=PORT. 0: a virtio-serial port. */
static uint32_t vsock_port;

void say(const char *format, ...)
{
    char line[512];
    const char prefix[] = "banger-agent: ";
    memcpy(line, prefix, sizeof prefix - 1);
    size_t length = sizeof prefix - 1;
    va_list arguments;
    va_start(arguments, format);
    const int written = vsnprintf(line + length, sizeof line - length - 1, format, arguments);
    va_end(arguments);
    if (written > 0) {
        length += (size_t) written;
        if (length > sizeof line - 2) {
            length = sizeof line - 2;
        }
    }
    line[length++] = '\n';
    (void) write_all(STDERR_FILENO, line, length); /* a console that does not take it cannot be told */
}

void stage(const char *name)
{
    if (stage_count < MAX_STAGES) {
        (void) snprintf(stages[stage_count].text, sizeof stages[0].text, "%.20s=%lld", name, (long long) now_ms());
        stage_count++;
    }
}

static void pause_ms(long ms)
{
    const struct timespec time = {ms / 1000, (ms % 1000) * 1000000};
    (void) nanosleep(&time, NULL); /* shorter by a signal does no harm: every caller loops */
}

static bool mount_at(const char *source, const char *target, const char *type, unsigned long flags, const char *data)
{
    if (mkdir(target, 0755) != 0 && errno != EEXIST && errno != EROFS) {
        say("cannot make %s: %s", target, strerror(errno));
    }
    if (mount(source, target, type, flags, data) != 0 && errno != EBUSY) {
        say("cannot mount %s on %s: %s", type != NULL ? type : source, target, strerror(errno));
        return false;
    }
    return true;
}

void boot_early(void)
{
    stage("agent");
    (void) mount_at("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
    (void) mount_at("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    (void) mount_at("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    /* The kernel opens /dev/console for init only where the initramfs has the node (init/main.c, console_on_rootfs). */
    while (fcntl(STDERR_FILENO, F_GETFD) < 0) {
        const int console = open("/dev/console", O_RDWR | O_NOCTTY);
        if (console < 0 && open("/dev/null", O_RDWR) < 0) {
            break;
        }
    }
    char cmdline[4096];
    if (read_file("/proc/cmdline", cmdline, sizeof cmdline) > 0) {
        char port[16];
        virtio_mmio_parameters(cmdline, mmio_parameters, sizeof mmio_parameters);
        (void) cmdline_value(cmdline, "banger.disks", disk_order, sizeof disk_order);
        if (cmdline_value(cmdline, "banger.vsock", port, sizeof port) && !parse_u32(port, &vsock_port)) {
            say("banger.vsock is no port: %s", port);
        }
    }
}

static void load_module(int directory, const char *path, const char *parameters)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (mmio_parameters[0] != 0 && *parameters == 0 && strcmp(name, "virtio_mmio.ko") == 0) {
        parameters = mmio_parameters;
    }
    const int fd = openat(directory, *path == '/' ? path + 1 : path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        say("cannot open module %s: %s", path, strerror(errno));
        return;
    }
    if (syscall(SYS_finit_module, fd, parameters, 0) != 0 && errno != EEXIST) {
        say("cannot load module %s: %s", path, strerror(errno));
    }
    (void) close(fd);
}

void boot_modules(const char *list, void (*between)(void))
{
    if (initramfs < 0) {
        initramfs = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (initramfs < 0) {
            say("cannot open the initramfs: %s", strerror(errno));
            return;
        }
    }
    char text[8192];
    const int fd = openat(initramfs, *list == '/' ? list + 1 : list, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return; /* a kernel with everything built in has no list */
    }
    size_t length = 0;
    for (;;) {
        const ssize_t got = read(fd, text + length, sizeof text - 1 - length);
        if (got <= 0) {
            break;
        }
        length += (size_t) got;
    }
    (void) close(fd);
    text[length] = 0;
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        char path[MAX_NAME];
        const char *parameters;
        if (module_line(line, path, sizeof path, &parameters)) {
            load_module(initramfs, path, parameters);
            if (between != NULL) {
                between();
            }
        }
    }
}

int boot_open_port(void)
{
    DIR *ports = opendir("/sys/class/virtio-ports");
    if (ports == NULL) {
        return -1;
    }
    int found = -1;
    for (const struct dirent *entry; found < 0 && (entry = readdir(ports)) != NULL;) {
        char path[MAX_PATH];
        char name[64];
        if (entry->d_name[0] == '.') {
            continue;
        }
        (void) snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
        if (read_file(path, name, sizeof name) < 0) {
            continue;
        }
        name[strcspn(name, "\n")] = 0;
        if (strcmp(name, "dev.banger.agent") == 0) {
            (void) snprintf(path, sizeof path, "/dev/%s", entry->d_name);
            found = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        }
    }
    (void) closedir(ports);
    return found;
}

bool boot_has_vsock(void)
{
    return vsock_port != 0;
}

int boot_listen(void)
{
    const struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_port = vsock_port, .svm_cid = VMADDR_CID_ANY};
    const int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1; /* its driver is not there yet */
    }
    if (bind(fd, (const struct sockaddr *) &address, sizeof address) != 0 || listen(fd, 4) != 0) {
        (void) close(fd);
        return -1;
    }
    return fd;
}

int boot_accept(int listener)
{
    for (;;) {
        struct sockaddr_vm peer;
        socklen_t length = sizeof peer;
        memset(&peer, 0, sizeof peer);
        const int fd = accept4(listener, (struct sockaddr *) &peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && errno == EINTR) {
            continue;
        }
        if (fd >= 0 && peer.svm_cid != VMADDR_CID_HOST) {
            (void) close(fd); /* vsock(7): with the loopback transport the guest's own programs reach us, and must not */
            continue;
        }
        return fd;
    }
}

bool disks_have_serials(void)
{
    return disk_order[0] == 0;
}

static bool find_disk_by_order(const char *serial, char *device, size_t capacity)
{
    char path[32];
    const int index = list_index(disk_order, serial);
    if (index < 0 || index >= 26) {
        return false;
    }
    (void) snprintf(path, sizeof path, "/sys/block/vd%c", 'a' + index);
    return access(path, F_OK) == 0 && snprintf(device, capacity, "/dev/vd%c", 'a' + index) < (int) capacity;
}

bool find_disk(const char *serial, char *device, size_t capacity)
{
    if (!disks_have_serials()) {
        return find_disk_by_order(serial, device, capacity);
    }
    DIR *blocks = opendir("/sys/block");
    if (blocks == NULL) {
        return false;
    }
    bool found = false;
    for (const struct dirent *entry; !found && (entry = readdir(blocks)) != NULL;) {
        char path[MAX_PATH];
        char text[64];
        if (strncmp(entry->d_name, "vd", 2) != 0) {
            continue;
        }
        (void) snprintf(path, sizeof path, "/sys/block/%s/serial", entry->d_name);
        if (read_file(path, text, sizeof text) < 0) {
            continue;
        }
        text[strcspn(text, "\n")] = 0;
        if (strcmp(text, serial) == 0) {
            found = snprintf(device, capacity, "/dev/%s", entry->d_name) < (int) capacity;
        }
    }
    (void) closedir(blocks);
    return found;
}

bool grow_file_system(const char *mount_point, const char *device)
{
    struct ext4_superblock now;
    if (!ext4_look(device, false, &now)) {
        return true; /* of another kind, which is not grown */
    }
    uint64_t blocks = disk_bytes(device) / now.block_size;
    if (blocks <= now.blocks) {
        return true;
    }
    const int directory = open(mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return false;
    }
    const bool grown = ioctl(directory, EXT4_IOC_RESIZE_FS, &blocks) == 0;
    const int error = errno;
    (void) close(directory);
    errno = error;
    return grown;
}

bool boot_mount_root(void)
{
    char device[64];
    const int64_t deadline = now_ms() + 10000;
    while (!find_disk("root", device, sizeof device) || access(device, F_OK) != 0) {
        if (now_ms() > deadline) {
            say("no disk named root appeared within 10 s");
            return false;
        }
        pause_ms(2);
    }
    stage("root-disk");
    if (!mount_at(device, NEW_ROOT, "ext4", 0, NULL)) {
        return false;
    }
    if (!grow_file_system(NEW_ROOT, device)) {
        say("cannot grow the root file system: %s", strerror(errno));
    }
    stage("root-mounted");
    return true;
}

static void carry_over(const char *from, const char *to)
{
    if (mkdir(to, 0755) != 0 && errno != EEXIST && errno != EROFS) {
        say("cannot make %s: %s", to, strerror(errno));
    }
    if (mount(from, to, NULL, MS_MOVE, NULL) != 0) {
        say("cannot move %s: %s", from, strerror(errno));
    }
}

static void remove_tree(int directory, dev_t device, int depth)
{
    struct stat status;
    const int listed = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (listed < 0) {
        return;
    }
    DIR *entries = fdopendir(listed);
    if (entries == NULL) {
        (void) close(listed);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0
            || fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || status.st_dev != device) {
            continue;
        }
        if (!S_ISDIR(status.st_mode)) {
            (void) unlinkat(directory, entry->d_name, 0);
            continue;
        }
        const int inner = openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner >= 0 && depth < 8) {
            remove_tree(inner, device, depth + 1);
        }
        if (inner >= 0) {
            (void) close(inner);
        }
        (void) unlinkat(directory, entry->d_name, AT_REMOVEDIR);
    }
    (void) closedir(entries);
}

/*
 * Commands run before systemd has set up /tmp, and what they put there must stay. So what systemd would do to it happens
 * here, first: the mount where tmp.mount is enabled, the emptying where tmpfiles.d(5) has a D line. systemd takes a mount
 * that is there as done; a tmp.conf in /run goes before the one in /usr/lib, and after one in /etc, which stays in force.
 */
static void prepare_tmp(void)
{
    static const char text[] = "d /tmp 1777 root root -\n";
    if (access("/usr/lib/systemd/system/local-fs.target.wants/tmp.mount", F_OK) == 0
        && access("/etc/systemd/system/tmp.mount", F_OK) != 0) {
        (void) mount_at("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=50%,nr_inodes=1m");
        return;
    }
    if (access("/usr/lib/tmpfiles.d/tmp.conf", F_OK) != 0 || access("/etc/tmpfiles.d/tmp.conf", F_OK) == 0) {
        return;
    }
    struct stat status;
    const int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (tmp >= 0) {
        if (fstat(tmp, &status) == 0) {
            remove_tree(tmp, status.st_dev, 0);
        }
        (void) close(tmp);
    }
    if (!make_directories("/run/tmpfiles.d", 0755)
        || !write_file("/run/tmpfiles.d/tmp.conf", text, sizeof text - 1, 0644, 0, 0)) {
        say("cannot write /run/tmpfiles.d/tmp.conf: %s", strerror(errno));
    }
}

bool boot_switch_root(void)
{
    carry_over("/dev", NEW_ROOT "/dev");
    carry_over("/proc", NEW_ROOT "/proc");
    carry_over("/sys", NEW_ROOT "/sys");
    (void) mount_at("tmpfs", NEW_ROOT "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=20%");
    if (chdir(NEW_ROOT) != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0) {
        say("cannot switch to the root disk: %s", strerror(errno));
        return false;
    }
    /* Here and not only without an init: a terminal may be asked for before the image's init has mounted it. */
    (void) mount_at("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666");
    (void) mkdir("/run/banger", 0700); /* a fresh tmpfs: where this fails the users of it say so */
    prepare_tmp();
    return true;
}

void boot_mount_modules(void)
{
    char device[64];
    struct utsname kernel;
    char path[sizeof kernel.release + 32];
    if (!find_disk("modules", device, sizeof device) || uname(&kernel) != 0) {
        return;
    }
    (void) snprintf(path, sizeof path, "/lib/modules/%s", kernel.release);
    if (!make_directories(path, 0755)) {
        say("cannot make %s: %s", path, strerror(errno));
        return;
    }
    (void) mount_at(device, path, "squashfs", MS_RDONLY | MS_NOSUID | MS_NODEV, NULL);
}

/* An initramfs's files are memory that never comes back; the running program's own pages stay until it ends. */
void boot_forget_initramfs(void)
{
    struct stat status;
    struct statfs system;
    if (initramfs < 0) {
        return;
    }
    /* Never a disk: RAMFS_MAGIC and TMPFS_MAGIC of statfs(2) are what rootfs can be. */
    if (fstat(initramfs, &status) == 0 && fstatfs(initramfs, &system) == 0
        && (system.f_type == 0x858458f6 || system.f_type == 0x01021994)) {
        remove_tree(initramfs, status.st_dev, 0);
    }
    (void) close(initramfs);
    initramfs = -1;
}

const char *boot_find_init(void)
{
    static const char *const candidates[] = {"/sbin/init", "/lib/systemd/systemd", "/usr/lib/systemd/systemd", "/bin/init"};
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        struct stat status;
        if (stat(candidates[i], &status) == 0 && S_ISREG(status.st_mode) && access(candidates[i], X_OK) == 0) {
            return candidates[i];
        }
    }
    return NULL;
}

void boot_mount_for_agent(void)
{
    (void) mount_at("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
    (void) mount_at("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
}

/*
 * `poweroff` inside would end in a machine that halts and is still there: without ACPI there is no power-off, but a
 * restart ends the VMM (QEMU by -no-reboot, Firecracker always). systemd.unit(5): SuccessAction=reboot-force restarts without stopping units again.
 */
static void write_systemd_drop_ins(void)
{
    static const char text[] = "[Unit]\nSuccessAction=reboot-force\n";
    static const char *const services[] = {"systemd-poweroff.service.d", "systemd-halt.service.d"};
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        char path[128];
        (void) snprintf(path, sizeof path, "/run/systemd/system/%s", services[i]);
        if (!make_directories(path, 0755)) {
            say("cannot make %s: %s", path, strerror(errno));
            continue;
        }
        (void) snprintf(path, sizeof path, "/run/systemd/system/%s/50-banger.conf", services[i]);
        if (!write_file(path, text, sizeof text - 1, 0644, 0, 0)) {
            say("cannot write %s: %s", path, strerror(errno));
        }
    }
}

void boot_run_init(const char *init)
{
    char *const arguments[] = {(char *) init, NULL};
    /* sd_notify(3): systemd as PID 1 reports the end of its start, and of itself, to this socket if it is told one. */
    char *const environment[] = {"HOME=/", "TERM=linux",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET=@banger-agent", NULL};
    sigset_t none;
    write_systemd_drop_ins();
    (void) sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
    (void) execve(init, arguments, environment);
    say("cannot run %s: %s", init, strerror(errno));
    for (;;) { /* PID 1 must not end: the kernel would panic. The agent lives on as its child. */
        (void) pause();
    }
}

void restart_machine(void)
{
    sync();
    /* Read-only, a journal is clean when the machine goes. EBUSY is expected: programs have files open. */
    const bool work = work_mount[0] == 0 || mount(NULL, work_mount, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0;
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0 || !work) {
        const int trigger = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
        if (trigger >= 0) {
            (void) write_all(trigger, "u", 1); /* sysrq.rst: remount all read-only; done in a work queue */
            (void) close(trigger);
            pause_ms(50);
            sync();
        }
    }
    (void) reboot(RB_AUTOBOOT);
    for (;;) {
        (void) pause();
    }
}
