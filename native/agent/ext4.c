/* What the superblock of an ext4 file system says (fs/ext4/ext4.h of Linux). */
#include "agent.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    SUPERBLOCK_AT = 1024,
    BLOCKS_LOW = 0x04,
    LOG_BLOCK_SIZE = 0x18,
    MAGIC = 0x38,
    STATE = 0x3a,
    INCOMPATIBLE = 0x60,
    BLOCKS_HIGH = 0x150,
    EXT4_MAGIC = 0xef53,
    STATE_VALID = 1,
    STATE_ERRORS = 2,
    INCOMPATIBLE_64BIT = 0x80,
    LARGEST_LOG_BLOCK_SIZE = 6, /* 64 KiB */
};

static uint32_t little(const uint8_t *at, size_t bytes)
{
    uint32_t value = 0;
    for (size_t i = bytes; i > 0; i--) {
        value = value << 8 | at[i - 1];
    }
    return value;
}

bool ext4_parse(const uint8_t block[EXT4_SUPERBLOCK], struct ext4_superblock *out)
{
    const uint32_t log = little(block + LOG_BLOCK_SIZE, 4);
    if (little(block + MAGIC, 2) != EXT4_MAGIC || log > LARGEST_LOG_BLOCK_SIZE) {
        return false;
    }
    const bool large = (little(block + INCOMPATIBLE, 4) & INCOMPATIBLE_64BIT) != 0;
    out->block_size = 1024u << log;
    out->blocks = little(block + BLOCKS_LOW, 4) | (large ? (uint64_t) little(block + BLOCKS_HIGH, 4) << 32 : 0);
    out->clean = (little(block + STATE, 2) & STATE_VALID) != 0;
    out->has_errors = (little(block + STATE, 2) & STATE_ERRORS) != 0;
    return true;
}

bool ext4_look(const char *device, bool anew, struct ext4_superblock *out)
{
    uint8_t block[EXT4_SUPERBLOCK];
    const int disk = open(device, O_RDONLY | O_CLOEXEC);
    if (disk < 0) {
        return false;
    }
    if (anew) {
        (void) ioctl(disk, BLKFLSBUF); /* what a machine remembers of the disk that was here when it was saved */
    }
    const bool read = pread(disk, block, sizeof block, SUPERBLOCK_AT) == (ssize_t) sizeof block;
    (void) close(disk);
    return read && ext4_parse(block, out);
}

uint64_t disk_bytes(const char *device)
{
    uint64_t bytes = 0;
    const int disk = open(device, O_RDONLY | O_CLOEXEC);
    if (disk < 0 || ioctl(disk, BLKGETSIZE64, &bytes) != 0) {
        bytes = 0;
    }
    if (disk >= 0) {
        (void) close(disk);
    }
    return bytes;
}
