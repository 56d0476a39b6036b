#include "gateway/console/tokens_page.h"

#include "gateway/web/form.h"
#include "gateway/web/html.h"
#include "gateway/console/past.h"
#include "gateway/known/usage.h"
#include "gateway/limits/freezes.h"

#include <stdlib.h>
#include <string.h>

enum { TOKENS_ROWS = 1000, TOKENS_FIELD = FREEZE_NAME + 1, TOKENS_SOON_S = 7 * 86400 };

static void put_time(struct buf *out, int64_t millis, int64_t never)
{
    if (millis == never)
        buf_put(out, "no end");
    else
        page_put_time(out, millis);
}

static void put_thaw(struct buf *out, const struct page *page, const struct freeze *freeze)
{
    page_begin_form(out, page, "/console/thaw");
    html_put(out,
             "<input type=\"hidden\" name=\"client\" value=\"%s\"><input type=\"hidden\" name=\"token\" "
             "value=\"%s\">",
             freeze->client, freeze->token);
    html_put(out, "<button aria-label=\"Thaw %s %s\">Thaw</button></form>", freeze->client, freeze->token);
}

static void put_freeze(struct buf *out, const struct page *page, const struct freeze *freeze)
{
    html_put(out, "<tr><td>%s</td><td>%s</td><td>%s</td><td>", freeze->client,
             freeze->token[0] == '\0' ? "all" : freeze->token, freeze->by);
    put_time(out, freeze->since_ms, FREEZE_FOREVER);
    buf_put(out, "</td><td>");
    put_time(out, freeze->until_ms, FREEZE_FOREVER);
    html_put(out, "</td><td>%s</td><td>", freeze->reason);
    if (page->operates)
        put_thaw(out, page, freeze);
    buf_put(out, "</td></tr>\n");
}

static void put_freezes(struct buf *out, const struct page *page)
{
    size_t count = 0;
    struct freeze *list = freezes_list(page->gateway->freezes, page->now * 1000, &count);
    buf_put(out, "<h2>Frozen</h2>");
    if (freezes_away(page->gateway->freezes))
        buf_put(out, "<p class=\"bad\">The store does not answer: there may be others.</p>");
    if (list == NULL) {
        out->failed = true;
        return;
    }
    page_begin_table(out, "Frozen");
    buf_put(out,
            "<thead><tr><th scope=\"col\">Client</th><th scope=\"col\">Token</th><th scope=\"col\">By</th>"
            "<th scope=\"col\">Since</th><th scope=\"col\">Until</th><th scope=\"col\">Why</th>"
            "<th scope=\"col\">Action</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < count; i++)
        put_freeze(out, page, &list[i]);
    page_end_table(out);
    buf_put(out, count == 0 ? "<p>Nothing is frozen.</p>" : "");
    free(list);
}

static void put_freeze_form(struct buf *out, const struct page *page)
{
    char client[TOKENS_FIELD];
    char token[TOKENS_FIELD];
    (void)form_value(page->query, "client", client, sizeof client);
    (void)form_value(page->query, "token", token, sizeof token);
    buf_put(out,
            "<h2 id=\"freeze\">Freeze</h2><p>Each call of the client is denied at once, on all gateways that "
            "share a store. The reason is told to the client.</p>");
    page_begin_form(out, page, "/console/freeze");
    html_put(
        out,
        "<div class=\"fields\"><p><label for=\"client\">Client</label><input id=\"client\" name=\"client\" "
        "value=\"%s\" required></p><p><label for=\"token\">Token (empty: all)</label><input id=\"token\" "
        "name=\"token\" value=\"%s\"></p>",
        client, token);
    buf_put(out,
            "<p><label for=\"for\">For (30m, 2h, 7d; empty: until it is thawed)</label><input id=\"for\" "
            "name=\"for\"></p><p><label for=\"reason\">Reason</label><input id=\"reason\" name=\"reason\" "
            "maxlength=\"500\" required></p></div><p><button>Freeze</button></p></form>\n");
}

static const char *state_of(const struct page *page, const struct config_token *token)
{
    struct freeze freeze;
    if (token->disabled)
        return "disabled";
    if (token->expires <= page->now)
        return "expired";
    if (token->not_before > page->now)
        return "not yet valid";
    if (freezes_find(page->gateway->freezes, token->client->name, token->id, page->now * 1000, &freeze))
        return "frozen";
    return token->expires - page->now < TOKENS_SOON_S ? "ends within 7 days" : "good";
}

/* By the last requests, and before them by what was counted; `report` may be NULL.  Of a client with
 * certificates alone nothing is known here. */
static void put_use(struct buf *out, const json_t *uses, const struct usage_report *report,
                    const struct config_token *token)
{
    struct usage_of of;
    const json_t *use = past_token(uses, token->client->name, token->id);
    if (use != NULL) {
        html_put(out, "<td>%s from %s</td>", past_text(use, "time"), past_text(use, "source"));
    } else if (report != NULL && usage_report_find(report, USE_TOKEN, token->client->name, token->id, &of) &&
               of.last_ms > 0) {
        buf_put(out, "<td>");
        page_put_time(out, of.last_ms);
        buf_put(out, "</td>");
    } else {
        buf_put(out, "<td class=\"quiet\">not lately</td>");
    }
}

static void put_token(struct buf *out, const struct page *page, const struct config_token *token,
                      const json_t *uses, const struct usage_report *report)
{
    const char *state = state_of(page, token);
    html_put(out, "<tr><td>%s</td><td>%s</td><td class=\"%s\">%s</td><td>", token->client->name, token->id,
             strcmp(state, "good") == 0 ? "good" : "bad", state);
    put_time(out, token->expires == CONFIG_NEVER ? CONFIG_NEVER : token->expires * 1000, CONFIG_NEVER);
    buf_put(out, "</td>");
    put_use(out, uses, report, token);
    html_put(out, "<td>%s</td><td class=\"quiet\">%s:%lld</td></tr>\n", token->client->owner,
             token->mark.file, (long long)token->mark.line);
}

static void put_tokens(struct buf *out, const struct page *page)
{
    const struct token_index *tokens = &page->config->tokens;
    struct line_ring *lines = past_lines(page);
    json_t *uses = lines == NULL ? NULL : past_tokens(lines);
    struct usage *usage = atomic_load_explicit(&page->gateway->usage, memory_order_acquire);
    struct usage_report *report = usage == NULL ? NULL : usage_ask(usage, page->now * 1000);
    out->failed = out->failed || uses == NULL;
    buf_put(out,
            "<h2>Tokens</h2><p>Last used: by the last 10,000 requests, with the address; before them as it "
            "is counted (<a href=\"/console/usage\">unused</a>), to the minute.</p>");
    if (report == NULL)
        buf_put(out,
                "<p class=\"bad\">The store does not answer: what is older than these requests cannot be "
                "told.</p>");
    page_begin_table(out, "Tokens");
    buf_put(out,
            "<thead><tr><th scope=\"col\">Client</th><th scope=\"col\">Token</th><th scope=\"col\">State</th>"
            "<th scope=\"col\">Ends</th><th scope=\"col\">Last used</th><th scope=\"col\">Owner</th><th "
            "scope=\"col\">Where</th></tr></thead>"
            "<tbody>\n");
    for (size_t i = 0; i < tokens->count && i < TOKENS_ROWS; i++)
        put_token(out, page, &tokens->items[i], uses, report);
    page_end_table(out);
    if (tokens->count > TOKENS_ROWS)
        html_put(out, "<p>These are the first %lld of %lld.</p>", (long long)TOKENS_ROWS,
                 (long long)tokens->count);
    usage_report_free(report);
    json_decref(uses);
    line_ring_free(lines);
}

void tokens_page_put(struct buf *out, const struct page *page)
{
    page_begin(out, page, "Tokens and freezes");
    put_freezes(out, page);
    if (page->operates)
        put_freeze_form(out, page);
    put_tokens(out, page);
    page_end(out);
}
