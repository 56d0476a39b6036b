/* Preloaded: about the name SHIM_NAMES no name server says anything for a minute.  Each who asks is told of
 * on standard error. */
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    static const char told[] = "shim: a name is asked for\n";
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = NULL;
    const char *silent = getenv("SHIM_NAMES");
    if (name != NULL && silent != NULL && strcmp(name, silent) == 0) {
        (void)!write(STDERR_FILENO, told, sizeof told - 1);
        for (unsigned left = 60; left > 0;)
            left = sleep(left);
        return EAI_AGAIN;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(name, service, hints, found);
}
