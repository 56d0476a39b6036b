#include "sandbox/network/address.h"

#include "base/json/json.h"
#include "sandbox/call/filter.h"
#include "sandbox/call/maker.h"
#include "sandbox/call/model.h"
#include "sandbox/call/page.h"
#include "sandbox/call/rows.h"
#include "sandbox/http/number.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

enum { COUNT_MAX = 20, LIMIT_MAX = 100, TOKEN_MAX = 64 };

/* 198.18.0.0/15 */
enum { FIRST_IP = 198 * 256 + 18, IPS = 1 << 17 };

static void answer_task(struct action_call *call)
{
    char text[24];
    call->outcome->task_id = state_begin_task(call->state, call->now_ms);
    (void)snprintf(text, sizeof text, "%lld", call->outcome->task_id);
    json_member(call->body, "TaskId", text);
    call->outcome->changed = true;
}

/* ---- allocate ---- */

static void make_ip(struct state *state, char out[INET_ADDRSTRLEN])
{
    uint32_t host = (uint32_t)FIRST_IP << 16 | (uint32_t)(++state->next_ip % IPS);
    struct in_addr address = {.s_addr = htonl(host)};
    (void)inet_ntop(AF_INET, &address, out, INET_ADDRSTRLEN);
}

static struct state_address *make(struct action_call *call)
{
    struct maker maker;
    char ip[INET_ADDRSTRLEN] = "";
    const char *name = params_get(call->params, "AddressName");
    const char *token = params_get(call->params, "ClientToken");
    make_ip(call->state, ip);
    maker_start(&maker, call);
    struct state_address *address = maker_thing(&maker, sizeof *address);
    struct state_address made = {.arena = maker.arena,
                                 .id = maker_id(&maker, "eip-"),
                                 .name = maker_copy(&maker, name == NULL ? "" : name),
                                 .ip = maker_copy(&maker, ip),
                                 .client_token = token == NULL ? NULL : maker_copy(&maker, token),
                                 .region = call->region,
                                 .created = call->now_ms / 1000};
    maker_give_text(&maker, "InternetServiceProvider", "InternetServiceProvider");
    maker_give_text(&maker, "InternetChargeType", "InternetChargeType");
    maker_give_number(&maker, "InternetMaxBandwidthOut", "Bandwidth");
    maker_give_text(&maker, "AddressType", "AddressType");
    maker_give_tags(&maker, "Tags", "TagSet");
    maker_give_text(&maker, "BandwidthPackageId", "BandwidthPackageId");
    maker_give_text(&maker, "DedicatedClusterId", "DedicatedClusterId");
    maker_give_text(&maker, "Egress", "Egress");
    maker_give_text(&maker, "AntiDDoSPackageId", "AntiDDoSPackageId");
    if (maker_end(&maker) != 0)
        return NULL;
    made.given = maker.given;
    *address = made;
    return address;
}

static bool is_of_token(const struct action_call *call, const struct state_address *address)
{
    const char *token = params_get(call->params, "ClientToken");
    return token != NULL && address->client_token != NULL && strcmp(token, address->client_token) == 0 &&
           address->region == call->region;
}

/* Those that an earlier call with the same ClientToken made; how many. */
static size_t put_again(struct action_call *call)
{
    const struct state_address *address;
    size_t count = 0;
    json_open_array(call->body, "AddressSet");
    DL_FOREACH(call->state->addresses, address)
    if (is_of_token(call, address)) {
        json_element(call->body, address->id);
        count++;
    }
    return count;
}

static int read_count(struct action_call *call, long long *count)
{
    const char *text = params_get(call->params, "AddressCount");
    const char *token = params_get(call->params, "ClientToken");
    *count = 1;
    if (text != NULL && !number_parse(text, 1, COUNT_MAX, count))
        return outcome_refuse(call->outcome, OUTCOME_BAD_RANGE, "AddressCount must be a number from 1 to %d",
                              COUNT_MAX);
    if (token != NULL && strlen(token) > TOKEN_MAX)
        return outcome_refuse(call->outcome, OUTCOME_TOO_LONG, "ClientToken has at most %d bytes", TOKEN_MAX);
    if (call->state->address_count + (size_t)*count > STATE_MADE_MAX)
        return outcome_refuse(call->outcome, OUTCOME_FULL, "the sandbox takes at most %d addresses",
                              STATE_MADE_MAX);
    return 0;
}

/* All of them, or none. */
static int make_all(struct action_call *call, long long count)
{
    struct state_address *made[COUNT_MAX];
    for (long long i = 0; i < count; i++) {
        made[i] = make(call);
        if (made[i] == NULL) {
            while (i-- > 0)
                arena_free(made[i]->arena);
            return -1;
        }
    }
    for (long long i = 0; i < count; i++) {
        state_add_address(call->state, made[i]);
        json_element(call->body, made[i]->id);
    }
    return 0;
}

int address_allocate(struct action_call *call)
{
    long long count;
    if (read_count(call, &count) != 0)
        return -1;
    bool again = put_again(call) > 0;
    if (!again && make_all(call, count) != 0)
        return -1;
    json_close_array(call->body);
    answer_task(call);
    call->outcome->changed = !again;
    return 0;
}

/* ---- release ---- */

/* The address in the call's region; NULL with the refusal. */
static struct state_address *find(struct action_call *call, const char *id)
{
    struct state_address *address = state_address(call->state, id);
    if (strncmp(id, "eip-", sizeof "eip-" - 1) != 0)
        (void)outcome_refuse(call->outcome, OUTCOME_ADDRESS_MALFORMED, "%.64s is no id of an address", id);
    else if (address != NULL && address->region == call->region)
        return address;
    (void)outcome_refuse(call->outcome, OUTCOME_NO_ADDRESS, "the address %.64s does not exist", id);
    return NULL;
}

/* Every id that is named must be there. */
static int check_ids(struct action_call *call)
{
    const char *id = params_member(call->params, "AddressIds", 0);
    for (size_t i = 0; id != NULL; id = params_member(call->params, "AddressIds", ++i))
        if (find(call, id) == NULL)
            return -1;
    return 0;
}

int address_release(struct action_call *call)
{
    const char *id = params_member(call->params, "AddressIds", 0);
    if (id == NULL)
        return outcome_refuse(call->outcome, OUTCOME_MISSING, "AddressIds.0 is missing");
    if (check_ids(call) != 0)
        return -1;
    for (size_t i = 0; id != NULL; id = params_member(call->params, "AddressIds", ++i)) {
        struct state_address *address = state_address(call->state, id);
        if (address != NULL) /* named twice: one is enough */
            state_remove_address(call->state, address);
    }
    answer_task(call);
    return 0;
}

/* ---- describe ---- */

static const char *address_id(const void *row)
{
    return ((const struct state_address *)row)->id;
}

static const char *address_name(const void *row)
{
    return ((const struct state_address *)row)->name;
}

static const char *address_ip(const void *row)
{
    return ((const struct state_address *)row)->ip;
}

/* None of them is bound. */
static const char *address_status(const void *row)
{
    (void)row;
    return "UNBIND";
}

int address_describe(struct action_call *call)
{
    static const struct filter filters[] = {{"address-id", address_id, false},
                                            {"address-name", address_name, false},
                                            {"address-ip", address_ip, false},
                                            {"address-status", address_status, false},
                                            {NULL, NULL, false}};
    static const char *const no_order[] = {NULL};
    struct page page;
    struct rows rows;
    bool all = params_member(call->params, "AddressIds", 0) == NULL;
    if (!all && params_get(call->params, "Filters.0.Name") != NULL)
        return outcome_refuse(call->outcome, OUTCOME_TOGETHER, "AddressIds and Filters exclude each other");
    if (page_read(&page, call, LIMIT_MAX, no_order) != 0 || filter_check(filters, call) != 0 ||
        check_ids(call) != 0 || rows_init(&rows, call, call->state->address_count) != 0)
        return -1;
    const struct state_address *address;
    DL_FOREACH(call->state->addresses, address)
    if (address->region == call->region && (all || params_lists(call->params, "AddressIds", address->id)) &&
        filter_passes(filters, call, address))
        rows_add(&rows, address);
    rows_answer(&rows, &page, call->body, "AddressSet", model_put_address);
    return 0;
}

int address_task(struct action_call *call)
{
    long long id;
    const char *text = action_required(call, "TaskId");
    if (text == NULL)
        return -1;
    if (!number_parse(text, 0, LLONG_MAX, &id))
        return outcome_refuse(call->outcome, OUTCOME_BAD_VALUE, "TaskId is not a number");
    enum state_progress task = state_task(call->state, id, call->now_ms);
    if (task == STATE_TASK_UNKNOWN)
        return outcome_refuse(call->outcome, OUTCOME_NO_TASK, "the task does not exist");
    json_member_int(call->body, "TaskId", id);
    json_member(call->body, "Result", task == STATE_TASK_DONE ? "SUCCESS" : "RUNNING");
    return 0;
}
