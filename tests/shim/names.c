/* Preloaded: a name server of the test's own.  About the name SHIM_NAMES none says anything for a minute; the
 * file SHIM_HOSTS, read at every question, says which addresses a name has: "name address address...", one
 * name a line.  Each question about such a name is told of on standard error. */
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int resolver(const char *, const char *, const struct addrinfo *, struct addrinfo **);

enum { LINE_MAX_SIZE = 256 };

static void tell(void)
{
    static const char told[] = "shim: a name is asked for\n";
    (void)!write(STDERR_FILENO, told, sizeof told - 1);
}

/* One list after another, in the file's order: glibc frees them one by one. */
static int chain(resolver *real, char *addresses, const char *service, const struct addrinfo *hints,
                 struct addrinfo **found)
{
    int result = EAI_NONAME;
    *found = NULL;
    for (char *save = NULL, *one = strtok_r(addresses, " \n", &save); one != NULL;
         one = strtok_r(NULL, " \n", &save)) {
        struct addrinfo **end = found;
        while (*end != NULL)
            end = &(*end)->ai_next;
        if (real(one, service, hints, end) == 0)
            result = 0;
        else
            *end = NULL; /* of a family that is not wanted */
    }
    return result;
}

/* The addresses of `name` in the file, into `line`; NULL: it is not there. */
static char *look_up(const char *path, const char *name, char *line)
{
    char *found = NULL;
    size_t length = strlen(name);
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    while (file != NULL && found == NULL && fgets(line, LINE_MAX_SIZE, file) != NULL)
        if (strncmp(line, name, length) == 0 && line[length] == ' ')
            found = line + length + 1;
    if (file != NULL)
        (void)fclose(file);
    return found;
}

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    resolver *real = NULL;
    char line[LINE_MAX_SIZE];
    const char *silent = getenv("SHIM_NAMES");
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (name != NULL && silent != NULL && strcmp(name, silent) == 0) {
        tell();
        for (unsigned left = 60; left > 0;)
            left = sleep(left);
        return EAI_AGAIN;
    }
    char *addresses = name == NULL ? NULL : look_up(getenv("SHIM_HOSTS"), name, line);
    if (addresses == NULL)
        return real(name, service, hints, found);
    tell();
    return chain(real, addresses, service, hints, found);
}
