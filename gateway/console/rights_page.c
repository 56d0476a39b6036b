#include "gateway/console/rights_page.h"

#include "config/rights/words.h"
#include "gateway/web/form.h"
#include "gateway/web/html.h"
#include "gateway/dryrun/overview.h"

enum {
    RIGHTS_FIELD = 128,
    RIGHTS_ROWS = 1000,   /* on the page; the CSV has all */
    RIGHTS_SMALL = 20000, /* clients times actions that are shown without being asked for any */
    RIGHTS_WORDS = 64 * 1024,
};

struct rights {
    struct buf *out;
    const struct page *page;
    char client[RIGHTS_FIELD];
    char action[RIGHTS_FIELD];
    char value[RIGHTS_FIELD];
    long count;
};

static void read_question(struct rights *rights, struct overview_question *question)
{
    const struct page *page = rights->page;
    *question = (struct overview_question){.config = page->config, .now = page->now};
    if (form_value(page->query, "client", rights->client, sizeof rights->client) && rights->client[0] != '\0')
        question->client = rights->client;
    if (form_value(page->query, "action", rights->action, sizeof rights->action) && rights->action[0] != '\0')
        question->action = rights->action;
    if (form_value(page->query, "value", rights->value, sizeof rights->value) && rights->value[0] != '\0')
        question->value = rights->value;
}

static void put_words(struct buf *words, const struct page *page, const struct overview_row *row)
{
    buf_init(words, RIGHTS_WORDS);
    words_put_conditions(words, page->config, row->rule, WORDS_VALUES_MAX);
}

static void put_row(void *context, const struct overview_row *row)
{
    struct rights *rights = context;
    struct buf words;
    if (++rights->count > RIGHTS_ROWS)
        return;
    put_words(&words, rights->page, row);
    html_put(rights->out, "<tr><td>%s</td><td class=\"%s\">%s</td><td>%s</td><td>%s</td>", row->client->name,
             row->rule->effect == CONFIG_ALLOW ? "good" : "bad", words_effect(row->rule), row->route->action,
             words.length == 0 ? "always" : buf_text(&words));
    html_put(rights->out, "<td>%s<br><span class=\"quiet\">%s:%lld</span></td></tr>\n", row->rule->id,
             row->rule->mark.file, (long long)row->rule->mark.line);
    buf_done(&words);
}

static void put_csv_row(void *context, const struct overview_row *row)
{
    struct rights *rights = context;
    struct buf words;
    put_words(&words, rights->page, row);
    const char *const fields[] = {row->client->name,  words_effect(row->rule),
                                  row->route->action, words.length == 0 ? "" : buf_text(&words) + 1,
                                  row->rule->id,      row->rule->mark.file};
    for (size_t i = 0; i < COUNT(fields); i++) {
        html_put_csv(rights->out, fields[i]);
        buf_put_char(rights->out, ',');
    }
    buf_put_format(rights->out, "%u\r\n", row->rule->mark.line);
    buf_done(&words);
}

static void put_question(struct buf *out, const struct rights *rights)
{
    buf_put(out, "<form method=\"get\" action=\"/console/rights\"><div class=\"fields\">");
    html_put(out,
             "<p><label for=\"client\">Client</label><input id=\"client\" name=\"client\" value=\"%s\" "
             "list=\"clients\"></p>",
             rights->client);
    html_put(out,
             "<p><label for=\"action\">Action (* for any characters)</label><input id=\"action\" "
             "name=\"action\" value=\"%s\"></p>",
             rights->action);
    html_put(out,
             "<p><label for=\"value\">Who can reach this id or region?</label><input id=\"value\" "
             "name=\"value\" value=\"%s\"></p>",
             rights->value);
    buf_put(out,
            "</div><p><button>Show</button> <button formaction=\"/console/rights.csv\">As CSV</button></p>"
            "</form>\n<datalist id=\"clients\">");
    size_t shown = 0;
    for (const struct config_client *client = rights->page->config->clients;
         client != NULL && shown < RIGHTS_ROWS; client = client->hh.next, shown++)
        html_put(out, "<option value=\"%s\">", client->name);
    buf_put(out, "</datalist>\n");
}

static void put_table(struct rights *rights, const struct overview_question *question)
{
    struct buf *out = rights->out;
    page_begin_table(out, "Who may do what");
    buf_put(
        out,
        "<thead><tr><th scope=\"col\">Client</th><th scope=\"col\">Effect</th><th scope=\"col\">Action</th>"
        "<th scope=\"col\">Conditions</th><th scope=\"col\">Rule</th></tr></thead><tbody>\n");
    if (overview_each(question, put_row, rights) != 0)
        out->failed = true;
    page_end_table(out);
    if (rights->count == 0)
        buf_put(out, "<p>Nobody may, by no rule.</p>");
    if (rights->count > RIGHTS_ROWS)
        html_put(out, "<p>These are the first %lld of %lld rows: the CSV has all.</p>",
                 (long long)RIGHTS_ROWS, (long long)rights->count);
}

void rights_page_put(struct buf *out, const struct page *page)
{
    struct rights rights = {.out = out, .page = page};
    struct overview_question question;
    read_question(&rights, &question);
    bool asked = question.client != NULL || question.action != NULL || question.value != NULL;
    page_begin(out, page, "Who may do what");
    put_question(out, &rights);
    if (asked || HASH_COUNT(page->config->clients) * page->config->action_count <= RIGHTS_SMALL)
        put_table(&rights, &question);
    else
        buf_put(out, "<p>There are many clients: say which one, which action or which value.</p>");
    page_end(out);
}

void rights_page_put_csv(struct buf *out, const struct page *page)
{
    struct rights rights = {.out = out, .page = page};
    struct overview_question question;
    read_question(&rights, &question);
    buf_put(out, "client,effect,action,conditions,rule,file,line\r\n");
    if (overview_each(&question, put_csv_row, &rights) != 0)
        out->failed = true;
}
