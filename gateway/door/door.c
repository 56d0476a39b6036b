#include "gateway/door/door.h"

enum problem door_route(struct exchange *x)
{
    return x->door->route(x);
}

enum problem door_translate(struct exchange *x)
{
    return x->door->translate(x);
}
