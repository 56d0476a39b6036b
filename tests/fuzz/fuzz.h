/* tests/fuzz/fuzz.h - what the fuzz targets share.  A target takes any bytes and ends the process when a
 * promise is broken; libFuzzer searches for such bytes, and every ordinary run replays what it found. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/arena.h"
#include "base/base.h"
#include "config/model/config.h"

/* The target itself: libFuzzer's name for it.  Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define FUZZ_MUST(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))

_Noreturn void fuzz_broken(const char *condition, const char *file, int line);

/* The bytes as text, cut at the first NUL, in memory of exactly that size, so that a byte read too much is
 * seen.  The caller frees it. */
MUST_USE char *fuzz_text(const uint8_t *bytes, size_t size);

/* The routes that ship, with an upstream for each of their services: the vendor's published sample key pair,
 * GET and HmacSHA256 for `vpc`, POST and HmacSHA1 for `cvm`.  Loaded once, kept for good. */
const struct config *fuzz_config(void);

/* An arena that is empty at each call. */
struct arena *fuzz_arena(void);

#endif
