/* bench/timing - does the time of a refusal tell how much of a token was right?
 *
 * 200,000 samples of either of two kinds of wrong token, in random order, prepared beforehand: Welch's t of
 * their times, of all samples and of those below the 99th and the 90th percentile (others share the machine).
 * Below 4.5 no difference is seen: the threshold of dudect (Reparaz, Balasch, Verbauwhede: Dude, is my code
 * constant time?, 2017). The last row compares a token that is accepted with one that is not, which has to
 * differ: so that a measurement which sees nothing is noticed. */
#include "auth/token.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 400000, TOKENS = 10, LENGTH = TOKEN_TEXT_SIZE - 1, ARENA = 1024 * 1024 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const double threshold = 4.5;

struct sample {
    bool right; /* the kind with something right */
    char token[LENGTH];
    double ns;
};

struct moments {
    double count, mean, squares;
};

static double now_ns(void)
{
    struct timespec at = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

/* The kind with something right begins with `right` characters of a token that exists and goes on at random:
 * many enough are left to chance that no digest comes often.  Few digests would have a time of their own, by
 * the slots of the table that they happen to meet, which says nothing about the token. */
static void prepare(struct sample *samples, const char *known, size_t right)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        samples[i].right = (random() & 1) != 0;
        for (size_t j = 0; j < LENGTH; j++)
            samples[i].token[j] = alphabet[random() & 63];
        if (samples[i].right)
            memcpy(samples[i].token, known, right);
        else if (samples[i].token[0] == known[0])
            samples[i].token[0] = known[0] == 'x' ? 'y' : 'x';
        if (right < LENGTH && samples[i].token[right] == known[right])
            samples[i].token[right] = known[right] == 'x' ? 'y' : 'x';
    }
}

static void measure(const struct config *config, struct sample *samples)
{
    char token[LENGTH + 1] = "";
    for (size_t i = 0; i < SAMPLES; i++) {
        const struct config_token *found = NULL;
        memcpy(token, samples[i].token, LENGTH); /* always from the same place */
        double begun = now_ns();
        enum token_verdict verdict = token_check(config, token, LENGTH, 0, &found);
        samples[i].ns = now_ns() - begun;
        if (verdict == TOKEN_FAILED)
            samples[i].ns = NAN;
    }
}

static void add(struct moments *moments, double value)
{
    double step = value - moments->mean;
    moments->count++;
    moments->mean += step / moments->count;
    moments->squares += step * (value - moments->mean);
}

static double welch(const struct sample *samples, double ceiling)
{
    struct moments kinds[2] = {{0}};
    for (size_t i = 0; i < SAMPLES; i++)
        if (samples[i].ns <= ceiling)
            add(&kinds[samples[i].right], samples[i].ns);
    double variance = kinds[0].squares / (kinds[0].count - 1) / kinds[0].count +
                      kinds[1].squares / (kinds[1].count - 1) / kinds[1].count;
    return (kinds[1].mean - kinds[0].mean) / sqrt(variance);
}

static int compare(const void *left, const void *right)
{
    double a = ((const struct sample *)left)->ns;
    double b = ((const struct sample *)right)->ns;
    return (a > b) - (a < b);
}

/* The largest |t|. */
static double print_row(const char *what, struct sample *samples)
{
    double worst = 0;
    qsort(samples, SAMPLES, sizeof *samples, compare);
    printf("%-44s", what);
    for (size_t percent = 100; percent >= 90; percent -= percent == 100 ? 1 : 9) {
        double t = welch(samples, samples[(SAMPLES - 1) / 100 * percent].ns);
        worst = fmax(worst, fabs(t));
        printf(" %8.2f", t);
    }
    printf("   median %.0f ns\n", samples[SAMPLES / 2].ns);
    return worst;
}

static int fill(struct config *config, struct arena *arena, char known[TOKEN_TEXT_SIZE])
{
    static const struct config_client client = {.name = "client"};
    if (token_index_init(&config->tokens, TOKENS, arena) != 0)
        return -1;
    for (size_t i = 0; i < TOKENS; i++) {
        struct config_token token = {.id = "t", .client = &client, .expires = CONFIG_NEVER};
        if (token_make(known) != 0 || token_digest(known, LENGTH, token.digest) != 0)
            return -1;
        token_index_add(&config->tokens, &token);
    }
    return 0;
}

int main(void)
{
    static const struct {
        const char *what;
        size_t right;
    } rows[] = {
        {"first character right, or none", 1},
        {"first half right, or none", LENGTH / 2},
        {"all but the last four right, or none", LENGTH - 4},
        {"all right, or none: has to differ", LENGTH},
    };
    static struct config config;
    char known[TOKEN_TEXT_SIZE];
    double worst = 0;
    double control = 0;
    struct sample *samples = calloc(SAMPLES, sizeof *samples);
    struct arena *arena = arena_new(ARENA);
    srandom(20261125);
    if (samples == NULL || arena == NULL || fill(&config, arena, known) != 0)
        return 1;
    printf("%d samples a row; Welch's t of %-7s %8s %8s %8s\n", SAMPLES, "", "all", "< p99", "< p90");
    for (size_t i = 0; i < COUNT(rows); i++) {
        prepare(samples, known, rows[i].right);
        measure(&config, samples);
        double *kept = rows[i].right < LENGTH ? &worst : &control;
        *kept = fmax(*kept, print_row(rows[i].what, samples));
    }
    bool good = worst < threshold && control > threshold;
    printf("largest |t| %.2f, threshold %.1f: %s\n", worst, threshold,
           good ? "no difference is seen" : "NOT GOOD");
    free(samples);
    arena_free(arena);
    return good ? 0 : 1;
}
