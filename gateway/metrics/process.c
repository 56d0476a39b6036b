#include "gateway/metrics/process.h"

#include "gateway/metrics/prometheus_text.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static double seconds_of(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

/* -1: unknown. */
static long count_descriptors(void)
{
    long count = -1;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return -1;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    (void)closedir(folder); /* only read from */
    return count;           /* it began at -1: the folder's own descriptor is not counted */
}

/* proc(5): size and resident set, in pages.  -1: unknown. */
static long long resident_bytes(void)
{
    long long size = 0;
    long long resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return -1;
    int read = fscanf(file, "%lld %lld", &size, &resident);
    (void)fclose(file); /* only read from */
    return read == 2 ? resident * sysconf(_SC_PAGESIZE) : -1;
}

void process_write(int64_t began_ms, struct buf *out)
{
    struct rusage usage;
    struct rlimit files;
    long descriptors = count_descriptors();
    long long resident = resident_bytes();
    prometheus_text_single(out, "process_start_time_seconds", "gauge", "When the process began.",
                           (double)began_ms / 1000);
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        prometheus_text_single(out, "process_cpu_seconds_total", "counter",
                               "Processor time, of user and system.",
                               seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime));
    if (resident >= 0)
        prometheus_text_single(out, "process_resident_memory_bytes", "gauge", "Resident memory.",
                               (double)resident);
    if (descriptors >= 0)
        prometheus_text_single(out, "process_open_fds", "gauge", "Open file descriptors.",
                               (double)descriptors);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        prometheus_text_single(out, "process_max_fds", "gauge", "The most file descriptors that it may open.",
                               (double)files.rlim_cur);
}
