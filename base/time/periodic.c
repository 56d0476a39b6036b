#include "base/time/periodic.h"

#include "base/time/deadline.h"

#include <errno.h>
#include <signal.h>

/* False when the end came first. */
static bool wait_for_interval(struct periodic *sealer)
{
    const struct timespec at = deadline_in(sealer->every);
    (void)pthread_mutex_lock(&sealer->mutex);
    while (!sealer->ending && pthread_cond_timedwait(&sealer->ended, &sealer->mutex, &at) != ETIMEDOUT)
        continue;
    bool ending = sealer->ending;
    (void)pthread_mutex_unlock(&sealer->mutex);
    return !ending;
}

static void *run(void *context)
{
    struct periodic *sealer = context;
    while (wait_for_interval(sealer))
        sealer->seal(sealer->context);
    return NULL;
}

static int begin_thread(struct periodic *sealer)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return -1;
    int result = pthread_create(&sealer->thread, NULL, run, sealer);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result == 0 ? 0 : -1;
}

static void clean_up(struct periodic *sealer)
{
    (void)pthread_cond_destroy(&sealer->ended);
    (void)pthread_mutex_destroy(&sealer->mutex);
}

int periodic_start(struct periodic *sealer, long long every, void (*seal)(void *context), void *context)
{
    *sealer = (struct periodic){.every = every, .seal = seal, .context = context};
    if (deadline_cond_init(&sealer->ended) != 0 || pthread_mutex_init(&sealer->mutex, NULL) != 0)
        return -1; /* neither takes memory on Linux: it cannot happen */
    if (begin_thread(sealer) == 0)
        return 0;
    clean_up(sealer);
    return -1;
}

void periodic_stop(struct periodic *sealer)
{
    (void)pthread_mutex_lock(&sealer->mutex);
    sealer->ending = true;
    (void)pthread_cond_signal(&sealer->ended);
    (void)pthread_mutex_unlock(&sealer->mutex);
    (void)pthread_join(sealer->thread, NULL);
    clean_up(sealer);
}
