#include "gateway/openapi/info.h"

#include "base/json/json.h"
#include "base/version.h"

#include <stdio.h>

static const char all_routes[] = "What this gateway takes, and which action of the cloud each becomes.";
static const char token_routes[] = "What the token that asked may call; its policy still looks at each call.";

static void put_description(struct buf *out, bool whole, bool left_out)
{
    char text[512];
    (void)snprintf(text, sizeof text, "%s%s", whole ? all_routes : token_routes,
                   left_out ? " The cloud's own actions are not here, since they would have more than 1 MiB: "
                              "`/openapi.json?service=NAME` has those of one service, and the tags name the "
                              "services."
                            : "");
    json_member(out, "description", text);
}

static void put_about(struct buf *out, bool whole, bool left_out)
{
    json_open_member(out, "info");
    json_member(out, "title", "Countersign");
    json_member(out, "version", VERSION_TEXT);
    put_description(out, whole, left_out);
    json_open_member(out, "contact");
    json_member(out, "name", "The operator of this gateway");
    json_close(out);
    json_open_member(out, "license");
    json_member(out, "name", "MIT");
    json_member(out, "identifier", "MIT");
    json_close(out);
    json_close(out);
}

void info_put(struct buf *out, const char *prefix, bool whole, bool left_out)
{
    json_open(out);
    json_member(out, "openapi", "3.1.0");
    put_about(out, whole, left_out);
    json_open_array(out, "servers");
    json_open(out);
    json_member(out, "url", prefix[0] == '\0' ? "/" : prefix);
    json_close(out);
    json_close_array(out);
}
