/* What the parts of banger-agent know of each other. One thread, one poll loop; see docs/protocol.md for the wire. */
#ifndef BANGER_AGENT_H
#define BANGER_AGENT_H

#include "../frames.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifndef BANGER_BUILD
#define BANGER_BUILD "development"
#endif

#define MAX_NAME 256
#define MAX_PATH 4096

/* ---- clock.c ---- */
/* CLOCK_BOOTTIME in ms: goes on over a pause of the machine and is what the kernel's own boot time is counted in. */
int64_t now_ms(void);

/* ---- text.c: pure parsers, tested on the host ---- */
struct account {
    char name[MAX_NAME];
    char home[MAX_PATH];
    char shell[MAX_PATH];
    uid_t uid;
    gid_t gid;
};
/* Finds a name or a decimal uid in the text of a passwd(5) file. */
bool passwd_find(const char *passwd, const char *user, struct account *account);
/* The groups of `name` in the text of a group(5) file, `primary` first. Returns how many were stored (at least 1). */
size_t group_list(const char *group, const char *name, gid_t primary, gid_t *out, size_t capacity);
bool parse_u32(const char *text, uint32_t *value);
/* `10.0.2.15/24` as address and mask in network order. */
bool parse_cidr(const char *text, uint32_t *address, uint32_t *mask);
bool parse_mac(const char *text, uint8_t mac[6]);
/* A host name of letters, digits, `-` and `.`: nothing that could add a line to a file. */
bool valid_hostname(const char *text);
/* A single line of printable text (tabs allowed): nothing that could add a line to a file. */
bool valid_line(const char *text);
bool valid_machine_id(const char *text);
/* The text of /etc/hosts for `name`, keeping the lines of `old` that are not about loopback. False where it does not fit. */
bool hosts_text(const char *name, const char *old, char *out, size_t capacity);
/* Splits a line of modules.load into path and parameters; false for an empty line or a comment. */
bool module_line(const char *line, char *path, size_t capacity, const char **parameters);
/* Collects every virtio_mmio.device=X of a kernel command line as `device=X device=Y`. */
void virtio_mmio_parameters(const char *cmdline, char *out, size_t capacity);
/* The value of KEY=VALUE in a kernel command line. */
bool cmdline_value(const char *cmdline, const char *key, char *out, size_t capacity);
/* Which element of a list separated by commas a word is, from 0; -1 for none. */
int list_index(const char *list, const char *word);

/* ---- files.c ---- */
/* Reads a whole small file and ends it with NUL; -1 and errno where that fails or it does not fit. */
ssize_t read_file(const char *path, char *out, size_t capacity);
/* Writes a temporary file beside `path` and renames it over it (a link at `path` is replaced, not followed). */
bool write_file(const char *path, const void *bytes, size_t count, mode_t mode, uid_t uid, gid_t gid);
/* mkdir -p; existing directories stay as they are. */
bool make_directories(const char *path, mode_t mode);
bool write_all(int fd, const void *bytes, size_t count);
/* Copies the content of one directory into another, keeping modes, owners, times and links. Existing names stay. */
bool copy_tree(int from, int to, int depth);

/* ---- boot.c ---- */
struct boot_stage {
    char text[40]; /* name=ms since the kernel's start */
};
#define MAX_STAGES 24
extern struct boot_stage stages[MAX_STAGES];
extern size_t stage_count;
void stage(const char *name);
/* A line to the console, for the log ring on the host. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Mounts /dev, /proc and /sys and raises what the agent needs. */
void boot_early(void);
/* Loads the modules of a list file of the initramfs; between two of them `between` runs (it may be null). */
void boot_modules(const char *list, void (*between)(void));
/* Opens the agent's virtio-serial port if it is there. */
int boot_open_port(void);
/* Whether the host comes through a vsock instead. */
bool boot_has_vsock(void);
/* Listens on it if its driver is there; -1 otherwise. */
int boot_listen(void);
/* Takes a connection of the host's; -1 where none waits. */
int boot_accept(int listener);
/* Mounts the root disk on /newroot; false where it never appears. */
bool boot_mount_root(void);
/* Makes it the root; the initramfs stays reachable for late modules until boot_forget_initramfs(). */
bool boot_switch_root(void);
void boot_mount_modules(void);
void boot_forget_initramfs(void);
/* The first init of the image that can be run, or null. */
const char *boot_find_init(void);
/* For an image without an init: /dev/shm, /tmp. */
void boot_mount_for_agent(void);
void boot_run_init(const char *init) __attribute__((noreturn));
/* Finds a virtio-blk disk by its serial: writes `/dev/vdX`. */
bool find_disk(const char *serial, char *device, size_t capacity);
/* False where disks are known by their order: then their driver cannot be bound again either (Firecracker resets no device). */
bool disks_have_serials(void);
/* Grows a mounted ext4 file system to the size of its device; false and errno where that fails. */
bool grow_file_system(const char *mount_point, const char *device);
void restart_machine(void) __attribute__((noreturn));

/* ---- network.c ---- */
bool network_loopback(void);
bool network_interface(char name[16]);
bool network_set_mac(const char *interface, const uint8_t mac[6]);
bool network_set_address(const char *interface, uint32_t address, uint32_t mask);
bool network_set_gateway(const char *interface, uint32_t gateway);
/* Tells the link which MAC has this address (network order). */
bool network_announce(const char *interface, uint32_t address);

/* ---- identity.c ---- */
struct outcome {
    const char *code; /* null: it went well */
    char message[256];
};
void fail(struct outcome *outcome, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Applies every field that is there; all are tried, the first failure is reported. */
void identity_apply(const uint8_t *payload, size_t length, uint32_t *generation, struct outcome *outcome);
/* Runs /etc/banger/restore.d in this (forked) process and ends it. */
void identity_run_restore_hooks(void) __attribute__((noreturn));
bool identity_has_restore_hooks(void);

/* ---- ext4.c ---- */
#define EXT4_SUPERBLOCK 1024
struct ext4_superblock {
    uint64_t blocks;
    uint32_t block_size;
    bool clean;      /* it was unmounted, or has a journal */
    bool has_errors; /* the kernel found it damaged */
};
/* False for what is none. */
bool ext4_parse(const uint8_t block[EXT4_SUPERBLOCK], struct ext4_superblock *out);
/* Reads it; `anew` from the disk itself, for which nobody may have it mounted. */
bool ext4_look(const char *device, bool anew, struct ext4_superblock *out);
/* How large a block device is; 0 where that cannot be told. */
uint64_t disk_bytes(const char *device);

/* ---- work_disk.c ---- */
/* Where the work disk is mounted, or empty. */
extern char work_mount[MAX_PATH];
/*
 * Mounts it on `directory`, after what is damaged has been repaired; where it is mounted already, grows its file system once the disk
 * has that many bytes.
 */
void work_disk_apply(const char *directory, bool restored, uint64_t bytes, struct outcome *outcome);

/* ---- stats.c ---- */
void stats_fields(struct frame_writer *writer);

/* ---- spawn.c ---- */
struct spawned {
    pid_t pid;
    int in;  /* write end, -1 for none */
    int out; /* read end; for a pty `in` is a duplicate of it */
    int err; /* -1 for a pty */
};
/* Starts the process an EXEC payload describes. */
bool spawn_exec(const uint8_t *payload, size_t length, bool *pty, struct spawned *spawned, struct outcome *outcome);
/* Forks a worker of this program: returns 0 in the child, whose descriptors 0, 1 and 2 are the pipes. */
pid_t spawn_worker(struct spawned *spawned);

/* ---- tar_write.c, tar_read.c: run in workers, 0 or an exit status with the reason on `err` ---- */
int tar_write(const char *path, int out, int err);
int tar_read(const char *directory, int in, int err);

/* ---- link.c: the port, and the frames on their way out ---- */
/* What is always left for final frames, credit and answers; data is read only while more than this is free. */
#define LINK_RESERVE 32768u
void link_start(int port);
/* How many bytes more can be queued. */
size_t link_room(void);
/* The writer to put one frame into: begin, fields, then link_end. A frame that finds no room is a bug; it is dropped. */
struct frame_writer *link_writer(void);
void link_end(void);
void link_send(enum frame_type type, uint16_t channel);
void link_send_u32(enum frame_type type, uint16_t channel, uint32_t value);
void link_send_error(uint16_t channel, const struct outcome *outcome);
/* Where `*space` bytes of a data frame may be read into; link_data_done() completes the frame around them. */
uint8_t *link_data_space(size_t *space);
void link_data_done(enum frame_type type, uint16_t channel, size_t count);
/* Writes what the port takes. */
void link_flush(void);
bool link_queue_empty(void);
/* Waits until everything queued is written or the time is over. */
void link_drain(int ms);

/* ---- channel.c ---- */
#define MAX_CHANNELS 64
struct pollfd;
/* A frame of an open connection that is not about channel 0. False: a protocol error, *why says which. */
bool channel_frame(const struct frame *frame, const char **why);
/* The connection is gone: everything that runs is ended, without a word. */
void channel_forget_all(void);
void channel_child_ended(pid_t pid, int status);
/* At most MAX_CHANNELS * 3 entries; returns how many. */
size_t channel_poll_prepare(struct pollfd *fds);
void channel_poll_done(const struct pollfd *fds, size_t count);
/* When something is due on the clock of now_ms(), or INT64_MAX. */
int64_t channel_deadline(void);
void channel_deadline_passed(int64_t now);
/* A channel of this agent's own work (SYNC, GET, PUT, restore hooks) or a process is under way. */
bool channel_any_ended(void);

/* ---- main.c ---- */
const char *agent_state(void);
void agent_identity(uint16_t channel, const uint8_t *payload, size_t length);
void agent_power_off(uint16_t channel, bool force);
/* The REPLY of an identity: the stages of the boot. */
void agent_reply_identity(uint16_t channel);
/* Starts a worker that ends with `exit`; the channel answers when it has. */
void channel_restore_hooks(uint16_t channel);

#endif
