/* watchdog.c — end the process in time where Python cannot handle a signal that has come.
 *
 * What is tagged [handler] runs in a signal's handler, in any thread, whatever that thread holds.
 * It calls only what POSIX lists as async-signal-safe, and posix_spawn(), which is not listed, but
 * neither allocates nor takes a lock that anything but abort() holds, in glibc from 2.24 on and in
 * musl: it blocks all signals, maps a stack, and clones like vfork(), so no handler of fork() runs.
 * Atomics of these sizes are free of locks.  Nobody waits for a thread of this process: the one
 * that has the GIL may keep it for ever. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif
#include "watchdog.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#if defined(_POSIX_TIMERS) && _POSIX_TIMERS > 0

enum { SIGNALS = 32 }; /* the classic ones have smaller numbers */
enum { LOOK_MS = 5 };

/* How far it has come; only ARMED → ENDING happens in a handler. */
enum { DISARMED, ARMED, ENDING };

/* Why static: signals are the process's, and their handlers get no argument.  What is not atomic
 * is written only while DISARMED, when no handler reads it. */
static atomic_int stage;
static _Atomic int64_t arrived[SIGNALS]; /* monotonic; 0: none is awaited */
static _Atomic int64_t first_arrived;    /* since it was armed; monotonic; 0: none */
static timer_t timers[SIGNALS];
static bool has_timer[SIGNALS];
static void (*pythons)(int); /* CPython's handler, the same for all signals */
static pid_t process;        /* whose signals these are: not a forked child's */
static pthread_t main_thread;
static char **program, **environment; /* owned; program[0] is NULL without a command */
static posix_spawnattr_t attributes;

/* Have the timer of a signal go off in ns from now, and so again; 0: not at all.  [handler] */
static void
set_timer(int number, long ns)
{
    struct itimerspec when = {.it_value.tv_nsec = ns, .it_interval.tv_nsec = ns};
    (void)timer_settime(timers[number], 0, &when, NULL);
}

/* Wait until the child has ended, or a moment has come.  A program that ignores SIGCHLD, or waits
 * for any child, takes the status away: then it has ended, too.  [handler] */
static void
wait_for(pid_t child, int64_t due)
{
    int status;
    pid_t ended = 0;
    while (ended == 0 && pk_monotonic_ns() < due) {
        ended = waitpid(child, &status, WNOHANG);
        if (ended == 0)
            (void)poll(NULL, 0, LOOK_MS);
    }
}

/* End the process as if nothing had ever caught the signal.  [handler] */
static _Noreturn void
die(int number)
{
    struct sigaction as_default = {.sa_handler = SIG_DFL};
    sigset_t this_one;
    sigemptyset(&as_default.sa_mask);
    sigemptyset(&this_one);
    sigaddset(&this_one, number);
    (void)sigaction(number, &as_default, NULL);
    (void)pthread_sigmask(SIG_UNBLOCK, &this_one, NULL);
    (void)raise(number);
    _exit(128 + number); /* not reached */
}

/* Have the other program save what is in the ledger's file, and end.  Python has not begun to
 * handle the signal, and does not from here on: pk_watchdog_disarm() does not return.  [handler] */
static void
end_process(int number)
{
    int before = ARMED;
    if (!atomic_compare_exchange_strong(&stage, &before, ENDING))
        return; /* Python has begun, or another thread is at it */
    sigset_t all;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, NULL);
    pid_t child;
    if (program[0] != NULL &&
        posix_spawn(&child, program[0], NULL, &attributes, program, environment) == 0)
        wait_for(child, atomic_load(&arrived[number]) + PK_WATCHDOG_END_NS);
    die(number);
}

/* A signal has come, from somewhere or from its timer.  [handler] */
static void
notice(int number, int64_t now)
{
    int64_t first = 0;
    if (atomic_compare_exchange_strong(&arrived[number], &first, now)) {
        set_timer(number, PK_WATCHDOG_AGAIN_NS);
        return;
    }
    if (now - first >= PK_WATCHDOG_PATIENCE_NS)
        end_process(number);
    else if (!pthread_equal(pthread_self(), main_thread))
        (void)pthread_kill(main_thread, number); /* only there it interrupts what blocks Python */
}

/* The handler of all signals that are watched over.  The first process of a container is ended by
 * none.  [handler] */
static void
on_signal(int number)
{
    int error = errno;
    if (process != 1 && getpid() == process) {
        int64_t now = pk_monotonic_ns(), first = 0;
        bool is_first = atomic_compare_exchange_strong(&first_arrived, &first, now);
        if (atomic_load(&stage) == ARMED)
            notice(number, now);
        else if (!is_first && now - first >= PK_WATCHDOG_SECOND_NS)
            die(number);
    }
    pythons(number);
    errno = error;
}

/* Free what copy_of() has made; NULL is fine. */
static void
free_texts(char **texts)
{
    for (size_t i = 0; texts != NULL && texts[i] != NULL; i++)
        free(texts[i]);
    free(texts);
}

/* Copy texts that end with a NULL.  Owned by the caller; NULL without memory. */
static char **
copy_of(char *const *texts)
{
    size_t count = 0;
    while (texts[count] != NULL)
        count++;
    char **copy = calloc(count + 1, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = strdup(texts[i]);
        if (copy[i] == NULL) {
            free_texts(copy);
            return NULL;
        }
    }
    return copy;
}

int
pk_watchdog_cover(int number)
{
    struct sigaction action;
    if (number <= 0 || number >= SIGNALS)
        return EINVAL;
    if (!has_timer[number]) {
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = number};
        if (timer_create(CLOCK_MONOTONIC, &event, &timers[number]) != 0)
            return errno;
        has_timer[number] = true;
    }
    if (sigaction(number, NULL, &action) != 0)
        return errno;
    if (action.sa_handler == on_signal || action.sa_handler == SIG_DFL ||
        action.sa_handler == SIG_IGN)
        return 0;
    pythons = action.sa_handler;
    action.sa_handler = on_signal;
    return sigaction(number, &action, NULL) == 0 ? 0 : errno;
}

int
pk_watchdog_arm(char *const *command)
{
    sigset_t none;
    sigemptyset(&none);
    pk_watchdog_disarm();
    char **own_program = copy_of(command), **own_environment = copy_of(environ);
    if (own_program == NULL || own_environment == NULL ||
        (program == NULL && posix_spawnattr_init(&attributes) != 0)) {
        free_texts(own_program);
        free_texts(own_environment);
        return ENOMEM;
    }
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    free_texts(program);
    free_texts(environment);
    program = own_program;
    environment = own_environment;
    if (process != getpid()) {
        memset(has_timer, 0, sizeof has_timer); /* a forked child has no timers */
        main_thread = pthread_self();
        process = getpid();
    }
    atomic_store(&first_arrived, 0);
    atomic_store(&stage, ARMED);
    return 0;
}

void
pk_watchdog_disarm(void)
{
    int before = ARMED;
    if (!atomic_compare_exchange_strong(&stage, &before, DISARMED) && before == ENDING &&
        getpid() == process)
        for (;;)
            (void)poll(NULL, 0, -1);
    for (int number = 0; number < SIGNALS; number++)
        if (atomic_exchange(&arrived[number], 0) != 0)
            set_timer(number, 0);
}

#else

int
pk_watchdog_cover(int number)
{
    (void)number;
    return 0;
}

int
pk_watchdog_arm(char *const *command)
{
    (void)command;
    return 0;
}

void
pk_watchdog_disarm(void)
{
}

#endif
