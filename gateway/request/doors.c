#include "gateway/request/doors.h"

#include "gateway/door/actions.h"
#include "gateway/door/door.h"
#include "gateway/door_mcp/mcp.h"
#include "gateway/door/rest.h"
#include "gateway/door_sdk/sdk.h"

void doors_choose(struct exchange *x)
{
    static const struct door *const doors[] = {&sdk_door, &mcp_door, &actions_door,
                                               &rest_door}; /* the last takes everything */
    size_t i = 0;
    while (i + 1 < COUNT(doors) && !doors[i]->takes(x))
        i++;
    x->door = doors[i];
    x->door_name = doors[i]->name;
}
