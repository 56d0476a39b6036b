/* client/client.h - `countersign call`: a small client of a gateway, for people and their scripts. */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

enum client_exit {
    CLIENT_GOOD = 0,    /* done; with --wait, to its end                      */
    CLIENT_FAILED = 1,  /* refused or failed, or the task did                 */
    CLIENT_USAGE = 2,   /* the command line is wrong                          */
    CLIENT_UNKNOWN = 3, /* a change may have been executed, or may not        */
    CLIENT_RUNNING = 4, /* it was taken, and its end was not seen in time     */
    CLIENT_LATER = 75,  /* nothing was executed: try again (EX_TEMPFAIL)      */
};

int client_main(int argc, char **argv);

#endif
