#include "gateway/request/door.h"

#include "gateway/request/actions.h"
#include "gateway/request/rest.h"

void door_choose(struct exchange *x)
{
    static const struct door *const doors[] = {&actions_door, &rest_door}; /* the last takes everything */
    size_t i = 0;
    while (i + 1 < COUNT(doors) && !doors[i]->takes(x))
        i++;
    x->door = doors[i];
}

enum problem door_route(struct exchange *x)
{
    return x->door->route(x);
}

enum problem door_translate(struct exchange *x)
{
    return x->door->translate(x);
}
