/* The work disk: a file system of the VM's own that is mounted over the home directory. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define STAGED_WORK_DISK "/run/banger/work"
#define NEW_SIZE_MS 3000
/* The host waits longer for the answer to an identity. */
#define REPAIR_MS 60000
/* e2fsck(8): 1 and 2 mean that what was wrong has been put right. */
#define E2FSCK_UNCORRECTED 4
/* On the root directory of a work disk: it has the image's own content. Not a file, which a user would tidy away. */
#define WORK_DISK_MARK "trusted.banger.work"

char work_mount[MAX_PATH];

static bool fill_fresh_work_disk(const char *directory, const char *mount_point)
{
    char mark;
    if (getxattr(mount_point, WORK_DISK_MARK, &mark, sizeof mark) >= 0) {
        return true;
    }
    const int from = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int to = open(mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat status;
    /* The content goes into the disk's root, not a directory of it: P18's /root/root came from the latter. */
    bool ok = from >= 0 && to >= 0 && fstat(from, &status) == 0 && copy_tree(from, to, 0)
        && fchown(to, status.st_uid, status.st_gid) == 0 && fchmod(to, status.st_mode & 07777) == 0;
    /* The mark comes last and after the content is on the disk: a copy cut short is made again. */
    ok = ok && syncfs(to) == 0 && fsetxattr(to, WORK_DISK_MARK, "1", 1, 0) == 0;
    const int error = errno;
    if (from >= 0) {
        (void) close(from);
    }
    if (to >= 0) {
        (void) close(to);
    }
    errno = error;
    return ok;
}

static bool driver_file(const char *name, const char *text)
{
    char path[128];
    (void) snprintf(path, sizeof path, "/sys/bus/virtio/drivers/virtio_blk/%s", name);
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const bool ok = write(fd, text, strlen(text)) == (ssize_t) strlen(text);
    (void) close(fd);
    return ok;
}

/*
 * A restored guest knows the size of the disk that was there when it was saved. Its driver reads it again when it is bound
 * again; the interrupt by which QEMU could tell it is lost, and the guest hangs, when it comes as the guest is resumed.
 */
static void probe_again(const char *serial, struct outcome *outcome)
{
    char device[64];
    char link[128];
    char target[MAX_PATH];
    if (!find_disk(serial, device, sizeof device)) {
        return; /* whoever mounts it says so */
    }
    (void) snprintf(link, sizeof link, "/sys/block/%s/device", strrchr(device, '/') + 1);
    const ssize_t length = readlink(link, target, sizeof target - 1);
    target[length > 0 ? length : 0] = 0;
    const char *name = strrchr(target, '/');
    if (name == NULL || !driver_file("unbind", name + 1) || !driver_file("bind", name + 1)) {
        fail(outcome, "INTERNAL", "cannot look at the work disk again: %s", strerror(errno));
    }
}

/*
 * Where the driver cannot be bound again the VMM tells the disk's new size by an interrupt, and the driver takes it over a moment
 * after the guest goes on. Until then ext4 finds a file system that is larger than its disk.
 */
static bool mount_staged(const char *device, bool may_grow)
{
    const int64_t deadline = now_ms() + (may_grow ? NEW_SIZE_MS : 0);
    while (mount(device, STAGED_WORK_DISK, "ext4", MS_NOSUID | MS_NODEV, NULL) != 0) {
        const struct timespec moment = {0, 2000000};
        if (now_ms() >= deadline) {
            return false;
        }
        (void) nanosleep(&moment, NULL);
    }
    return true;
}

/* Runs the image's own e2fsck, which repairs what can be without a decision (-p); -1 where the image has none. */
static int repair(const char *device)
{
    static const char *const programs[] = {"/sbin/e2fsck", "/usr/sbin/e2fsck"};
    const char *program = access(programs[0], X_OK) == 0 ? programs[0] : programs[1];
    if (access(program, X_OK) != 0) {
        return -1;
    }
    say("checking the file system of the work disk");
    const pid_t pid = fork();
    if (pid == 0) {
        (void) execl(program, program, "-p", device, (char *) NULL);
        _exit(127);
    }
    int status = 0;
    const int64_t deadline = now_ms() + REPAIR_MS;
    while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
        const struct timespec moment = {0, 5000000};
        if (now_ms() > deadline) {
            (void) kill(pid, SIGKILL);
            (void) waitpid(pid, &status, 0);
            break;
        }
        (void) nanosleep(&moment, NULL);
    }
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/* What a file system that was damaged says of itself is believed, and it is not used before it has been repaired. */
static bool sound(const char *device, struct outcome *outcome)
{
    struct ext4_superblock now;
    if (!ext4_look(device, true, &now)) {
        fail(outcome, "DATA_CORRUPT", "the work disk holds no ext4 file system any more");
        return false;
    }
    if (!now.has_errors && now.clean) {
        return true; /* a journal that is to be replayed is replayed by the mount */
    }
    const int status = repair(device);
    if (status < 0 || status >= E2FSCK_UNCORRECTED) {
        fail(outcome, "DATA_CORRUPT", "the file system of the work disk is damaged, and %s",
             status < 0 ? "the image has no e2fsck to repair it with" : "e2fsck does not repair it without being asked");
        return false;
    }
    say("the file system of the work disk was damaged and has been repaired (e2fsck: %d)", status);
    return true;
}

/* The driver learns of a new size a moment after the VMM has it. */
static bool await_size(const char *device, uint64_t bytes)
{
    const int64_t deadline = now_ms() + NEW_SIZE_MS;
    while (disk_bytes(device) < bytes) {
        const struct timespec moment = {0, 2000000};
        if (now_ms() >= deadline) {
            return false;
        }
        (void) nanosleep(&moment, NULL);
    }
    return true;
}

/* It is mounted already: the guest was restored, or the disk has grown while it runs. */
static void grow_mounted(uint64_t bytes, struct outcome *outcome)
{
    char device[64];
    if (!find_disk("work", device, sizeof device)) {
        return;
    }
    if (!await_size(device, bytes)) {
        fail(outcome, "TIMED_OUT", "the guest does not see the new size of the work disk");
    } else if (!grow_file_system(work_mount, device)) {
        fail(outcome, "INTERNAL", "cannot grow the file system of the work disk: %s", strerror(errno));
    }
}

void work_disk_apply(const char *directory, bool restored, uint64_t bytes, struct outcome *outcome)
{
    char device[64];
    if (work_mount[0] != 0) {
        grow_mounted(bytes, outcome);
        return;
    }
    if (restored && disks_have_serials()) {
        probe_again("work", outcome);
    }
    if (!find_disk("work", device, sizeof device)) {
        fail(outcome, "NOT_FOUND", "there is no disk with the serial work to mount on %s", directory);
        return;
    }
    if (!make_directories(directory, 0755) || !make_directories(STAGED_WORK_DISK, 0700)) {
        fail(outcome, "INTERNAL", "cannot make %s: %s", directory, strerror(errno));
        return;
    }
    if (!sound(device, outcome)) {
        return;
    }
    if (!mount_staged(device, restored && !disks_have_serials())) {
        fail(outcome, "DATA_CORRUPT", "cannot mount the work disk: %s", strerror(errno));
        return;
    }
    if (!grow_file_system(STAGED_WORK_DISK, device)) {
        say("cannot grow the file system of the work disk: %s", strerror(errno));
    }
    if (!fill_fresh_work_disk(directory, STAGED_WORK_DISK)) {
        fail(outcome, "INTERNAL", "cannot copy %s to the work disk: %s", directory, strerror(errno));
    }
    /* Not moved: after a restore systemd runs, which has made all mounts shared, and those cannot be (mount(2)). */
    const bool mounted = mount(STAGED_WORK_DISK, directory, NULL, MS_BIND, NULL) == 0;
    if (!mounted) {
        fail(outcome, "INTERNAL", "cannot mount the work disk on %s: %s", directory, strerror(errno));
    }
    (void) umount2(STAGED_WORK_DISK, MNT_DETACH);
    if (!mounted) {
        return;
    }
    (void) rmdir(STAGED_WORK_DISK);
    (void) snprintf(work_mount, sizeof work_mount, "%s", directory);
    stage("work-disk");
}
