/* sandbox/command/sandbox.h - `countersign sandbox`: a local upstream that verifies signatures, so that the
 * gateway can be used and tested without a cloud account.
 *
 * It links nothing of auth/: what the signer gets wrong must not be wrong here in the same way. */
#ifndef SANDBOX_COMMAND_SANDBOX_H
#define SANDBOX_COMMAND_SANDBOX_H

/* argv[0] is "sandbox".  Serves until SIGTERM or SIGINT.  The exit code: 0 good, 1 failed, 2 wrong usage, 78
 * a bad state file.  It changes the signal mask and the disposition of SIGPIPE: for a process that does
 * nothing else. */
int sandbox_main(int argc, char **argv);

#endif
