#include "gateway/console_past/rule_view.h"

#include "base/digest.h"
#include "base/file.h"
#include "config/rights/words.h"
#include "gateway/web/html.h"

#include <string.h>

enum {
    RULE_VIEW_FILE = 64 * 1024 * 1024,
    RULE_VIEW_WORDS = 64 * 1024,
    RULE_VIEW_LINES = 60, /* longer rules are cut */
};

static void put_patterns(struct buf *out, const char *what, const struct config_patterns *patterns)
{
    html_put(out, "%s ", what);
    for (size_t i = 0; i < patterns->count && i < WORDS_VALUES_MAX; i++)
        html_put(out, i == 0 ? "%s" : ", %s", patterns->items[i]);
    buf_put(out, patterns->count > WORDS_VALUES_MAX ? ", ..." : "");
}

static void put_words(struct buf *out, const struct page *page, const struct config_rule *rule)
{
    struct buf words;
    buf_init(&words, RULE_VIEW_WORDS);
    words_put_conditions(&words, page->config, rule, WORDS_VALUES_MAX);
    html_put(out, "<p>%s, ", words_effect(rule));
    put_patterns(out, "clients", &rule->clients);
    put_patterns(out, "; actions", &rule->actions);
    html_put(out, "%s%s</p>\n", buf_text(&words), rule->audit ? " (audit mode: decides nothing)" : "");
    out->failed = out->failed || words.failed;
    buf_done(&words);
}

/* The policy's text where its hash is the one in force; false: it has changed, or cannot be read. */
static bool read_policy(const struct page *page, struct buf *text)
{
    char hash[DIGEST_TEXT_SIZE];
    const char *path = page->config->policy_file;
    if (path == NULL || file_read(path, FILE_PLAIN, text, NULL) != 0)
        return false;
    struct digest *digest = digest_new();
    digest_add(digest, buf_text(text), text->length);
    return digest_end(digest, hash) == 0 && strcmp(hash, page->config->hashes[CONFIG_HASH_POLICY]) == 0;
}

/* "  - allow: x" and what is indented more than its dash. */
static void put_lines(struct buf *out, const char *text, unsigned line)
{
    const char *at = text;
    for (unsigned i = 1; i < line && at != NULL; i++)
        at = (at = strchr(at, '\n')) == NULL ? NULL : at + 1;
    size_t indent = at == NULL ? 0 : strspn(at, " ");
    buf_put(out, "<pre tabindex=\"0\">");
    for (unsigned i = 0; at != NULL && *at != '\0' && i < RULE_VIEW_LINES; i++) {
        size_t length = strcspn(at, "\n");
        size_t blank = strspn(at, " ");
        if (i > 0 && blank < length && (blank < indent || (blank == indent && at[blank] == '-')))
            break;
        html_put(out, "%lld: ", (long long)line + i);
        html_put_bytes(out, at, length);
        buf_put_char(out, '\n');
        at += length + (at[length] == '\n');
    }
    buf_put(out, "</pre>\n");
}

void rule_view_put(struct buf *out, const struct page *page, const struct config_rule *rule)
{
    struct buf text;
    html_put(out, "<h3>Rule %s <span class=\"quiet\">%s:%lld</span></h3>\n", rule->id, rule->mark.file,
             (long long)rule->mark.line);
    put_words(out, page, rule);
    buf_init(&text, RULE_VIEW_FILE);
    if (read_policy(page, &text))
        put_lines(out, buf_text(&text), rule->mark.line);
    else
        buf_put(out, "<p class=\"quiet\">Its file has changed since, or cannot be read.</p>\n");
    buf_done(&text);
}
