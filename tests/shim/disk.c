/* Preloaded: the disk takes SHIM_DISK seconds for each fdatasync(2). */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int fdatasync(int fd)
{
    const char *seconds = getenv("SHIM_DISK");
    if (seconds != NULL)
        (void)sleep((unsigned)strtoul(seconds, NULL, 10));
    return (int)syscall(SYS_fdatasync, fd);
}
