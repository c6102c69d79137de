/* native.c — threads, latches and wakes on POSIX, where systems differ. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2, pthread_setname_np */
#endif
#include "native.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define ROOM_MAX 16
#define GONE_POLL_NS 50000
#define GONE_POLLS 2000

int
pk_latch_open(pk_latch *latch)
{
    pthread_condattr_t attributes;
    latch->set = false;
    if (pthread_condattr_init(&attributes) != 0)
        return -1;
#ifndef __APPLE__
    int failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
#else
    int failed = 0;
#endif
    if (!failed)
        failed = pthread_cond_init(&latch->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (failed)
        return -1;
    if (pthread_mutex_init(&latch->mutex, NULL) != 0) {
        pthread_cond_destroy(&latch->changed);
        return -1;
    }
    return 0;
}

void
pk_latch_set(pk_latch *latch, bool set)
{
    pthread_mutex_lock(&latch->mutex);
    latch->set = set;
    pthread_cond_broadcast(&latch->changed);
    pthread_mutex_unlock(&latch->mutex);
}

/* Wait for a change until due, a moment of the monotonic clock; an error number at the end. */
static int
wait_until(pk_latch *latch, int64_t due)
{
#ifdef __APPLE__
    int64_t left = due - pk_monotonic_ns();
    if (left <= 0)
        return ETIMEDOUT;
    struct timespec wait = {.tv_sec = (time_t)(left / 1000000000),
                            .tv_nsec = (long)(left % 1000000000)};
    return pthread_cond_timedwait_relative_np(&latch->changed, &latch->mutex, &wait);
#else
    struct timespec moment = {.tv_sec = (time_t)(due / 1000000000),
                              .tv_nsec = (long)(due % 1000000000)};
    return pthread_cond_timedwait(&latch->changed, &latch->mutex, &moment);
#endif
}

bool
pk_latch_wait(pk_latch *latch, int64_t timeout_ns)
{
    int64_t now = pk_monotonic_ns();
    int64_t due = timeout_ns < INT64_MAX - now ? now + timeout_ns : INT64_MAX;
    int failed = 0;

    pthread_mutex_lock(&latch->mutex);
    while (!latch->set && !failed)
        failed = wait_until(latch, due);
    bool set = latch->set;
    pthread_mutex_unlock(&latch->mutex);
    return set;
}

void
pk_latch_close(pk_latch *latch)
{
    pthread_mutex_destroy(&latch->mutex);
    pthread_cond_destroy(&latch->changed);
}

int
pk_wake_open(pk_wake *wake)
{
    int ends[2];
#ifdef __linux__
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
#else
    if (pipe(ends) < 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
#endif
    wake->reader = ends[0];
    wake->writer = ends[1];
    return 0;
}

void
pk_wake_ring(const pk_wake *wake)
{
    ssize_t written;
    do
        written = write(wake->writer, "", 1);
    while (written < 0 && errno == EINTR); /* EAGAIN: it is rung already */
}

void
pk_wake_drain(const pk_wake *wake)
{
    char rings[64];
    ssize_t got;
    do
        got = read(wake->reader, rings, sizeof rings);
    while (got > 0 || (got < 0 && errno == EINTR));
}

void
pk_wake_close(pk_wake *wake)
{
    close(wake->reader);
    close(wake->writer);
    wake->reader = wake->writer = -1;
}

/* Every signal that may be for somebody else; faults of the thread itself stay its own. */
static void
foreign_signals(sigset_t *signals)
{
    sigfillset(signals);
    sigdelset(signals, SIGSEGV);
    sigdelset(signals, SIGBUS);
    sigdelset(signals, SIGILL);
    sigdelset(signals, SIGFPE);
}

int
pk_native_start(pthread_t *thread, const char *name, void *(*run)(void *), void *argument)
{
    sigset_t blocked, before;
    foreign_signals(&blocked);
    int failed = pthread_sigmask(SIG_BLOCK, &blocked, &before);
    if (failed)
        return failed;
    failed = pthread_create(thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
#ifdef __linux__
    if (!failed)
        pthread_setname_np(*thread, name);
#else
    (void)name;
#endif
    return failed;
}

/* A thread that waits for a latch. */
static void *
wait_for_latch(void *latch)
{
    (void)pk_latch_wait(latch, INT64_MAX);
    return NULL;
}

/* Whether so many threads may run at once: 0, or an error number. */
static int
room_for_threads(int count)
{
    pthread_t threads[ROOM_MAX];
    pk_latch latch;
    int started = 0, failed = 0;
    int before = pk_native_threads();
    if (pk_latch_open(&latch) < 0)
        return ENOMEM;
    while (started < count && !failed) {
        failed = pk_native_start(&threads[started], "pikos", wait_for_latch, &latch);
        started += !failed;
    }
    pk_latch_set(&latch, true);
    while (started > 0)
        pthread_join(threads[--started], NULL);
    pk_native_wait_for_threads(before);
    pk_latch_close(&latch);
    return failed;
}

int
pk_native_room(int threads, int pairs)
{
    pk_wake wakes[ROOM_MAX];
    int opened = 0, failed = 0;
    if (threads > ROOM_MAX || pairs > ROOM_MAX)
        return EINVAL;
    while (opened < pairs && !failed) {
        failed = pk_wake_open(&wakes[opened]) < 0 ? errno : 0;
        opened += !failed;
    }
    while (opened > 0)
        pk_wake_close(&wakes[--opened]);
    return failed ? failed : room_for_threads(threads);
}

int
pk_native_threads(void)
{
    enum { NAME = 2, THREADS = 20 }; /* fields of proc(5), /proc/pid/stat */
    char text[1024];
    int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    text[size > 0 ? size : 0] = '\0';
    const char *at = strrchr(text, ')'); /* the name may hold anything */
    for (int field = NAME; at != NULL && field < THREADS; field++)
        at = strchr(at + 1, ' ');
    return at == NULL ? 0 : (int)strtol(at, NULL, 10);
}

void
pk_native_wait_for_threads(int most)
{
    for (int i = 0; i < GONE_POLLS && pk_native_threads() > most; i++)
        nanosleep(&(struct timespec){.tv_nsec = GONE_POLL_NS}, NULL);
}
