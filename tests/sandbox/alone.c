/* tests/sandbox/alone.c - the sandbox without the gateway around it, for live.py. */
#include "sandbox/command/sandbox.h"

int main(int argc, char **argv)
{
    return sandbox_main(argc, argv);
}
