#include "gateway/openapi/info.h"

#include "base/json/json.h"
#include "base/version.h"

static void put_about(struct buf *out, bool whole)
{
    json_open_member(out, "info");
    json_member(out, "title", "Countersign");
    json_member(out, "version", VERSION_TEXT);
    json_member(out, "description",
                whole ? "What this gateway takes, and which action of the cloud each becomes."
                      : "What the token that asked may call; its policy still looks at each call.");
    json_open_member(out, "contact");
    json_member(out, "name", "The operator of this gateway");
    json_close(out);
    json_open_member(out, "license");
    json_member(out, "name", "MIT");
    json_member(out, "identifier", "MIT");
    json_close(out);
    json_close(out);
}

void info_put(struct buf *out, const char *prefix, bool whole)
{
    json_open(out);
    json_member(out, "openapi", "3.1.0");
    put_about(out, whole);
    json_open_array(out, "servers");
    json_open(out);
    json_member(out, "url", prefix[0] == '\0' ? "/" : prefix);
    json_close(out);
    json_close_array(out);
}
