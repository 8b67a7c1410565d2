#include "agent.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static uint64_t number_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    return at == NULL ? 0 : strtoull(at + strlen(key), NULL, 10);
}

static void space_fields(struct frame_writer *writer, const char *path, enum field_tag total, enum field_tag available)
{
    struct statvfs status;
    if (statvfs(path, &status) == 0) {
        frame_field_u64(writer, total, (uint64_t) status.f_blocks * status.f_frsize);
        frame_field_u64(writer, available, (uint64_t) status.f_bavail * status.f_frsize);
    }
}

static uint64_t count_processes(void)
{
    uint64_t count = 0;
    DIR *proc = opendir("/proc");
    if (proc == NULL) {
        return 0;
    }
    for (const struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') {
            count++;
        }
    }
    (void) closedir(proc);
    return count;
}

void stats_fields(struct frame_writer *writer)
{
    static char text[8192];
    frame_field_u64(writer, FIELD_UPTIME, (uint64_t) now_ms());
    if (read_file("/proc/loadavg", text, sizeof text) > 0) {
        char *end;
        const unsigned long whole = strtoul(text, &end, 10);
        const unsigned long hundredths = *end == '.' ? strtoul(end + 1, NULL, 10) : 0; /* proc(5): two digits */
        frame_field_u64(writer, FIELD_LOAD1, whole * 100 + hundredths);
    }
    if (read_file("/proc/meminfo", text, sizeof text) > 0) {
        frame_field_u64(writer, FIELD_MEM_TOTAL, number_after(text, "MemTotal:") * 1024);
        frame_field_u64(writer, FIELD_MEM_AVAILABLE, number_after(text, "MemAvailable:") * 1024);
    }
    space_fields(writer, "/", FIELD_ROOT_TOTAL, FIELD_ROOT_AVAILABLE);
    if (work_mount[0] != 0) {
        space_fields(writer, work_mount, FIELD_WORK_TOTAL, FIELD_WORK_AVAILABLE);
    }
    frame_field_u64(writer, FIELD_PROCESSES, count_processes());
    /* The first line of /proc/stat: user nice system idle iowait irq softirq steal, in clock ticks. read() is cut short. */
    FILE *stat = fopen("/proc/stat", "re");
    if (stat != NULL) {
        unsigned long long tick[8] = {0};
        const int fields = fscanf(stat, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &tick[0], &tick[1], &tick[2],
            &tick[3], &tick[4], &tick[5], &tick[6], &tick[7]);
        const long hertz = sysconf(_SC_CLK_TCK);
        if (fields >= 4 && hertz > 0) {
            const unsigned long long used = tick[0] + tick[1] + tick[2] + tick[5] + tick[6] + tick[7];
            frame_field_u64(writer, FIELD_CPU_MS, used * 1000 / (unsigned long long) hertz);
        }
        (void) fclose(stat); /* nothing was written */
    }
    for (size_t i = 0; i < stage_count; i++) {
        frame_field_string(writer, FIELD_STAGE, stages[i].text);
    }
}
