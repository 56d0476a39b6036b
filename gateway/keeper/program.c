#include "gateway/keeper/program.h"

#include "base/time/clock.h"
#include "base/system/spawn.h"

int program_fetch(struct fetch *fetch, struct err *err)
{
    struct buf output;
    struct err why = {0};
    const char *const *argv = (const char *const *)fetch->credential->issuer->command;
    buf_init(&output, FETCH_COMMAND_OUTPUT); /* wipes itself */
    int result = spawn_run(argv, "", 0, &output, FETCH_COMMAND_MS, err);
    if (result == 0 && (result = issued_read(buf_text(&output), output.length, clock_wall_ms() / 1000,
                                             &fetch->issued, &why)) != 0)
        err_set(err, why.kind, "the command '%.64s': %s", argv[0], why.text);
    buf_done(&output);
    return result;
}
