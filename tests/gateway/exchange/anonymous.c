/* Access lines of requests without a client: the first are written one by one, the others in one line with a
 * count, and whatever comes, nothing is forgotten and little is written. */
#include "gateway/exchange/anonymous.h"

#include "tests/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WALL_MS = 1000, LINES_MAX = 1024 };

struct world {
    struct anonymous *anonymous;
    struct log log;
    FILE *file;
    size_t bytes; /* of the round that was written last */
    json_t *lines[LINES_MAX];
    size_t count;
};

static struct network address(uint32_t number)
{
    struct network network = {.prefix = 128, .bytes = {[10] = 0xff, [11] = 0xff}};
    for (size_t i = 0; i < 4; i++)
        network.bytes[12 + i] = (unsigned char)(number >> (24 - 8 * i));
    return network;
}

static struct world *begin(void)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->anonymous = anonymous_new(0);
    world->file = tmpfile();
    assert_non_null(world->anonymous);
    assert_non_null(world->file);
    assert_int_equal(log_init(&world->log, fileno(world->file)), 0);
    return world;
}

static void forget_lines(struct world *world)
{
    while (world->count > 0)
        json_decref(world->lines[--world->count]);
}

static void end(struct world *world)
{
    forget_lines(world);
    log_done(&world->log);
    anonymous_free(world->anonymous);
    (void)fclose(world->file);
    free(world);
}

/* Requests of that address: how many got a line of their own. */
static unsigned ask(struct world *world, uint32_t from, int status, unsigned times)
{
    const struct network source = address(from);
    unsigned lines = 0;
    for (unsigned i = 0; i < times; i++)
        lines += anonymous_has_line(world->anonymous, &source, status, WALL_MS);
    return lines;
}

/* Ends the round and reads its lines, each of which is a JSON object. */
static void tell(struct world *world)
{
    char line[1024];
    forget_lines(world);
    assert_int_equal(ftruncate(fileno(world->file), 0), 0);
    rewind(world->file);
    anonymous_end_round(world->anonymous, &world->log, 0, 2 * WALL_MS);
    world->bytes = 0;
    rewind(world->file);
    while (fgets(line, sizeof line, world->file) != NULL) {
        json_t *read = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_true(json_is_object(read));
        assert_true(world->count < LINES_MAX);
        world->lines[world->count++] = read;
        world->bytes += strlen(line);
    }
    rewind(world->file);
}

static json_int_t gathered(const struct world *world)
{
    json_int_t sum = 0;
    for (size_t i = 0; i < world->count; i++)
        sum += json_integer_value(json_object_get(world->lines[i], "gathered"));
    return sum;
}

static void from_the_tenth_on(void **state)
{
    struct world *world = begin();
    json_t *expected = json_pack("{s:s,s:s,s:s,s:i,s:{s:i,s:i}}", "time", "1970-01-01T00:00:02.000Z", "since",
                                 "1970-01-01T00:00:01.000Z", "source", "203.0.113.9", "gathered", 91,
                                 "statuses", "401", 11, "429", 80);
    (void)state;
    assert_int_equal(ask(world, 0xcb007109, 401, 20), 9);
    assert_int_equal(ask(world, 0xcb007109, 429, 80), 0);
    assert_int_equal(ask(world, 0xcb00710a, 401, 9), 9);
    tell(world);
    assert_int_equal(world->count, 1);
    assert_true(json_equal(world->lines[0], expected));
    assert_int_equal(anonymous_gathered(world->anonymous), 91);
    json_decref(expected);
    end(world);
}

static void each_round_begins_anew(void **state)
{
    struct world *world = begin();
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(ask(world, 1, 401, 12), 9);
        tell(world);
        assert_int_equal(world->count, 1);
        assert_int_equal(gathered(world), 3);
    }
    tell(world);
    assert_int_equal(world->count, 0);
    end(world);
}

static void a_round_has_an_end(void **state)
{
    struct world *world = begin();
    (void)state;
    assert_int_equal(anonymous_wait_us(world->anonymous, 0), ANONYMOUS_ROUND_MS * 1000);
    assert_int_equal(anonymous_wait_us(world->anonymous, ANONYMOUS_ROUND_MS * 1000 - 1), 1);
    assert_int_equal(anonymous_wait_us(world->anonymous, INT64_MAX), 0);
    anonymous_end_round(world->anonymous, &world->log, 7, WALL_MS);
    assert_int_equal(anonymous_wait_us(world->anonymous, 7), ANONYMOUS_ROUND_MS * 1000);
    end(world);
}

static void statuses_are_told_apart(void **state)
{
    struct world *world = begin();
    (void)state;
    (void)ask(world, 1, 401, 9);
    for (int status = 400; status < 420; status++)
        (void)ask(world, 1, status, 2);
    tell(world);
    assert_int_equal(world->count, 1);
    const json_t *statuses = json_object_get(world->lines[0], "statuses");
    assert_int_equal(json_object_size(statuses), ANONYMOUS_STATUSES);
    assert_int_equal(json_integer_value(json_object_get(statuses, "400")), 2);
    assert_int_equal(json_integer_value(json_object_get(statuses, "others")), 26);
    assert_int_equal(gathered(world), 40);
    end(world);
}

/* 100,000 requests of 1 address to of 100,000: none is missing, and with lines of 400 bytes it is well under
 * 1 MB, even in two rounds. */
static void whoever_comes(void **state)
{
    static const uint32_t rows[] = {1, 10, 200, 2000, 10000, 100000};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *world = begin();
        unsigned lines = 0;
        for (uint32_t j = 0; j < 100000; j++)
            lines += ask(world, 0x0a000000 + j % rows[i], 401, 1);
        tell(world);
        printf("%u addresses: %u lines, %zu gathered in %zu bytes\n", rows[i], lines, world->count,
               world->bytes);
        assert_int_equal(lines + gathered(world), 100000);
        assert_int_equal(lines, rows[i] < 28 ? 9 * rows[i] : ANONYMOUS_LINES_ALL);
        assert_true(2 * (400 * lines + world->bytes) < 500000);
        end(world);
    }
}

/* Whom many others leave no room for is not told by address, but counted; whom they do leave it for is. */
static void few_among_many(void **state)
{
    struct world *world = begin();
    bool told = false;
    (void)state;
    for (uint32_t i = 0; i < 300; i++)
        (void)ask(world, 0x0a000000 + i, 401, 1);
    assert_int_equal(ask(world, 0xcb007109, 401, 50), 0);
    tell(world);
    for (size_t i = 0; i < world->count; i++) {
        const char *source = json_string_value(json_object_get(world->lines[i], "source"));
        told = told || (source != NULL && strcmp(source, "203.0.113.9") == 0 &&
                        json_integer_value(json_object_get(world->lines[i], "gathered")) == 50);
    }
    assert_true(told);
    end(world);
}

static void a_network_of_64_bits_is_one_source(void **state)
{
    struct world *world = begin();
    struct network source;
    unsigned lines = 0;
    (void)state;
    assert_true(network_parse_address("2001:db8:0:1::", &source));
    for (unsigned i = 0; i < 200; i++) {
        source.bytes[8 + i % 8] = (unsigned char)(i + 1);
        lines += anonymous_has_line(world->anonymous, &source, 401, WALL_MS);
    }
    tell(world);
    assert_int_equal(lines, 9);
    assert_int_equal(world->count, 1);
    assert_string_equal(json_string_value(json_object_get(world->lines[0], "source")), "2001:db8:0:1::");
    end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_the_tenth_on),
        cmocka_unit_test(each_round_begins_anew),
        cmocka_unit_test(a_round_has_an_end),
        cmocka_unit_test(statuses_are_told_apart),
        cmocka_unit_test(whoever_comes),
        cmocka_unit_test(few_among_many),
        cmocka_unit_test(a_network_of_64_bits_is_one_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
