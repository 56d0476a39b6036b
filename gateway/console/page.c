#include "gateway/console/page.h"

#include "base/time/timestamp.h"
#include "gateway/web/html.h"

#include <string.h>

static const struct {
    const char *path;
    const char *title;
} places[] = {{"/console", "Now"},
              {"/console/decisions", "Decisions"},
              {"/console/questions", "Open questions"},
              {"/console/rights", "Who may do what"},
              {"/console/try", "Try"},
              {"/console/policy", "Test first"},
              {"/console/usage", "Unused and too wide"},
              {"/console/tokens", "Tokens and freezes"},
              {"/console/audit", "Audit"}};

static void put_navigation(struct buf *out, const struct page *page, const char *title)
{
    buf_put(out, "<nav aria-label=\"Pages\"><ul>");
    for (size_t i = 0; i < COUNT(places); i++) {
        html_put(out, "<li><a href=\"%s\"", places[i].path);
        if (strcmp(title, places[i].title) == 0)
            buf_put(out, " aria-current=\"page\"");
        html_put(out, ">%s</a></li>", places[i].title);
    }
    buf_put(out, "</ul></nav>");
    page_begin_form(out, page, "/console/logout");
    html_put(out, "<span>%s (%s)</span> <button>Sign out</button></form>", page->name,
             page->operates ? "operator" : "viewer");
}

void page_begin(struct buf *out, const struct page *page, const char *title)
{
    html_put(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<title>%s - Countersign</title><link rel=\"stylesheet\" href=\"/console/console.css\">"
        "<link rel=\"icon\" href=\"data:,\"><script src=\"/console/console.js\" defer></script></head>\n"
        "<body><a class=\"skip\" href=\"#main\">Skip to the page</a><header><p class=\"name\">Countersign "
        "<small>%s</small></p>",
        title, page->config->instance);
    if (page->name != NULL)
        put_navigation(out, page, title);
    html_put(out, "</header>\n<main id=\"main\"><h1>%s</h1>\n", title);
    if (page->message != NULL)
        html_put(out, "<p class=\"%s\" role=\"status\">%s</p>\n", page->failed ? "bad" : "good",
                 page->message);
}

void page_end(struct buf *out)
{
    buf_put(out, "</main></body></html>\n");
}

void page_begin_form(struct buf *out, const struct page *page, const char *action)
{
    html_put(out, "<form method=\"post\" action=\"%s\"><input type=\"hidden\" name=\"form\" value=\"%s\">",
             action, page->form);
}

void page_begin_table(struct buf *out, const char *label)
{
    html_put(out, "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"%s\"><table>", label);
}

void page_end_table(struct buf *out)
{
    buf_put(out, "</tbody></table></div>\n");
}

void page_put_time(struct buf *out, int64_t millis)
{
    char time[TIMESTAMP_SIZE];
    timestamp_format(millis, time);
    html_put_text(out, time);
}

void page_put_login(struct buf *out, const struct page *page)
{
    page_begin(out, page, "Sign in");
    buf_put(out, "<form method=\"post\" action=\"/console/login\">"
                 "<p><label for=\"token\">Your operator's token</label><br>"
                 "<input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"off\" required></p>"
                 "<p><button>Sign in</button></p></form>"
                 "<p>Tokens of operators are in <code>policy.yaml</code>, under <code>operators</code>. "
                 "You are signed out after 15 minutes without a request.</p>");
    page_end(out);
}

void page_put_message(struct buf *out, const struct page *page)
{
    page_begin(out, page, page->failed ? "That was not done" : "Done");
    buf_put(out, "<p><a href=\"/console\">Back to the console</a></p>");
    page_end(out);
}

const char *page_style(void)
{
    return ":root{color-scheme:light "
           "dark;--ink:#1b1f24;--paper:#fff;--quiet:#57606a;--line:#d0d7de;--link:#0550ae;"
           "--good:#116329;--bad:#a40e26;--bar:#0969da}\n"
           "@media "
           "(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--quiet:#9da7b3;--line:#3d444d;"
           "--link:#79c0ff;--good:#7ee787;--bad:#ffa198;--bar:#58a6ff}}\n"
           "*{box-sizing:border-box}\n"
           "body{margin:0;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}\n"
           "header{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:center;padding:.5rem 1rem;"
           "border-bottom:1px solid var(--line)}\n"
           "header p,header form{margin:0}header form{margin-left:auto}\n"
           ".name{font-weight:600}.name small,.quiet{color:var(--quiet);font-weight:400}\n"
           "nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:0;padding:0}\n"
           "a{color:var(--link)}a[aria-current]{color:var(--ink);font-weight:600;text-decoration:none}\n"
           "main{padding:0 1rem 2rem;max-width:75rem}\n"
           "h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}h3{font-size:1rem}\n"
           "table{border-collapse:collapse;width:100%}caption{text-align:left;color:var(--quiet)}\n"
           "th,td{text-align:left;padding:.3rem .75rem .3rem 0;border-bottom:1px solid var(--line);"
           "vertical-align:top}\n"
           "td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}\n"
           ".wide{overflow-x:auto}pre{white-space:pre-wrap;overflow-wrap:anywhere;overflow-x:auto;padding:."
           "75rem;border:1px solid var(--line)}\n"
           ".good{color:var(--good)}.bad{color:var(--bad)}\n"
           "input,select,textarea,button{font:inherit;color:inherit;background:var(--paper);"
           "border:1px solid var(--quiet);border-radius:.25rem;padding:.3rem .5rem;max-width:100%}\n"
           "textarea{width:100%;font-family:ui-monospace,monospace}button{cursor:pointer}\n"
           "a:focus-visible,button:focus-visible,input:focus-visible,select:focus-visible,textarea:focus-"
           "visible,"
           ".wide:focus-visible,pre:focus-visible{outline:3px solid var(--bar);outline-offset:2px}\n"
           ".halves{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:0 2rem}\n"
           ".drawn>div{min-width:0}.drawn{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,"
           "1fr));gap:1rem}\n"
           ".u-title{font-size:1rem!important}\n"
           ".fields{display:flex;flex-wrap:wrap;gap:.75rem}.fields label{display:block}.fields p{margin:0 0 "
           ".5rem}\n"
           ".skip{position:absolute;left:-999px}.skip:focus{left:0;background:var(--paper);padding:.5rem}\n";
}
