#include "config/load/tasks.h"

#include <string.h>

extern const char tasks_known[]; /* tasks.txt, embedded by CMake */

/* "vpc DeleteHaVip" */
static bool is_line(const char *line, const char *service, const char *action)
{
    size_t first = strlen(service);
    size_t second = strlen(action);
    return strncmp(line, service, first) == 0 && line[first] == ' ' &&
           strncmp(line + first + 1, action, second) == 0 && line[first + 1 + second] == '\n';
}

bool tasks_begins(const char *service, const char *action)
{
    for (const char *line = tasks_known; *line != '\0'; line += strcspn(line, "\n") + 1)
        if (is_line(line, service, action))
            return true;
    return false;
}
