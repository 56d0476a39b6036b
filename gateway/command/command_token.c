#include "auth/token.h"
#include "base/time/clock.h"
#include "base/text.h"
#include "base/time/timestamp.h"
#include "gateway/options/command.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: countersign token new NAME     make a token for the client NAME\n"
    "       countersign token hash         read a token from standard input, print its SHA-256\n"
    "\n"
    "A token is 256 random bits.  `new` prints it once, on the first line, and then the lines for "
    "policy.yaml;\n"
    "the policy holds only the token's SHA-256, so a lost token cannot be found again: make another.\n"
    "\n";

static const char notes[] = "\n"
                            "Example:  countersign token new network-console\n"
                            "          printf %s \"$TOKEN\" | countersign token hash\n"
                            "\n"
                            "Exit: 0 good, 1 failed, 2 wrong usage.\n";

static const struct command_line command_line = {.usage = usage, .notes = notes};

enum { HEX_SIZE = 2 * CONFIG_DIGEST_SIZE + 1, HALF_YEAR_S = 182 * 24 * 3600 };

static int hash_hex(const char *token, size_t length, char hex[HEX_SIZE])
{
    unsigned char digest[CONFIG_DIGEST_SIZE];
    if (token_digest(token, length, digest) != 0) {
        fputs("countersign token: OpenSSL cannot compute SHA-256, or memory is out\n", stderr);
        return -1;
    }
    text_hex(digest, sizeof digest, hex);
    return 0;
}

static int token_new(const char *name)
{
    char token[TOKEN_TEXT_SIZE];
    char hex[HEX_SIZE];
    char today[TIMESTAMP_SIZE];
    char expires[TIMESTAMP_SIZE];
    int64_t now = clock_wall_ms();
    if (!text_is_name(name))
        return command_usage("token", "a client's name is 1 to 64 letters, digits, '-', '_' or '.'");
    if (token_make(token) != 0) {
        fputs("countersign token: the system gives no randomness\n", stderr);
        return COMMAND_FAILED;
    }
    if (hash_hex(token, strlen(token), hex) != 0)
        return COMMAND_FAILED;
    timestamp_format(now, today);
    timestamp_format(now + (int64_t)HALF_YEAR_S * 1000, expires);
    printf("%s\n"
           "\n"
           "# The line above is the token: it is shown only now.  Give it to the caller, and put this into\n"
           "# policy.yaml (a client may have several tokens):\n"
           "clients:\n"
           "  %s:\n"
           "    tokens:\n"
           "      - { id: \"%.7s\", sha256: \"%s\", expires: %.10s }\n",
           token, name, today, hex, expires);
    OPENSSL_cleanse(token, sizeof token);
    return COMMAND_GOOD;
}

/* From standard input: an argument would be seen by everyone in the list of processes. */
static int token_hash(void)
{
    char token[TOKEN_MAX + 2];
    char hex[HEX_SIZE];
    size_t length = fread(token, 1, sizeof token, stdin);
    while (length > 0 && (token[length - 1] == '\n' || token[length - 1] == '\r'))
        length--;
    if (!token_is_sendable(token, length)) {
        OPENSSL_cleanse(token, sizeof token);
        return command_usage("token",
                             "send one token on standard input: letters, digits and - . _ ~ + /, at most %d",
                             TOKEN_MAX);
    }
    int result = hash_hex(token, length, hex);
    OPENSSL_cleanse(token, sizeof token);
    if (result != 0)
        return COMMAND_FAILED;
    puts(hex);
    return COMMAND_GOOD;
}

int command_token(int argc, char **argv)
{
    struct command_line_operands operands;
    int parsed = command_options("token", &command_line, argc, argv, NULL, &operands);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    if (operands.count == 2 && strcmp(operands.items[0], "new") == 0)
        return token_new(operands.items[1]);
    if (operands.count == 1 && strcmp(operands.items[0], "hash") == 0)
        return token_hash();
    return command_usage("token", "say: token new NAME, or token hash");
}
