/* clock.h — the clocks that calls are timed with.  Knows neither Python nor zmq. */
#ifndef PK_CLOCK_H
#define PK_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
#define PK_HAS_TSC 1
#include <x86intrin.h>
#else
#define PK_HAS_TSC 0
#endif

/* What a tick is. */
typedef enum {
    PK_CLOCK_TSC,       /* one step of the time-stamp counter */
    PK_CLOCK_MONOTONIC, /* one nanosecond */
    PK_CLOCK_CPU,       /* one nanosecond of the calling thread's CPU time */
    PK_CLOCK_EXTERNAL   /* whatever a Python timer says; never read from here */
} pk_clock_kind;

/* A chosen clock.  Immutable once set up, so any thread may read it. */
typedef struct {
    pk_clock_kind kind;
    double ns_per_tick;
    int64_t tsc_anchor;       /* counter and monotonic clock read together at set-up */
    int64_t monotonic_anchor; /* ns */
} pk_clock;

/* The monotonic clock, ns.  [any thread] */
static inline int64_t
pk_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* pk_clock_now() of any clock but the time-stamp counter: apart, so that what reads that one
 * stays short.  [any thread] */
int64_t pk_clock_ask(const pk_clock *clock);

/* Whether reading the clock takes one instruction.  [any thread] */
static inline bool
pk_clock_is_quick(const pk_clock *clock)
{
    return PK_HAS_TSC && clock->kind == PK_CLOCK_TSC;
}

/* The time now in ticks of a clock that is quick.  [any thread] */
static inline int64_t
pk_clock_quick_now(void)
{
#if PK_HAS_TSC
    return (int64_t)__rdtsc();
#else
    return 0;
#endif
}

/* The time now in ticks of clock; 0 for PK_CLOCK_EXTERNAL.  [any thread] */
static inline int64_t
pk_clock_now(const pk_clock *clock)
{
    return pk_clock_is_quick(clock) ? pk_clock_quick_now() : pk_clock_ask(clock);
}

/* Begin to measure the time-stamp counter: to be called as early as possible.
 * [any thread] */
void pk_clock_anchor(pk_clock *clock);

/* Set up an anchored clock for wall time: the time-stamp counter where it is invariant
 * and trusted by the kernel, else the monotonic clock.  reason becomes a static string
 * that says why.  Takes what is left of 5 ms since the anchor.  [any thread] */
void pk_clock_wall(pk_clock *clock, const char **reason);

/* Set up a clock of another kind than PK_CLOCK_TSC, without choosing.  [any thread] */
void pk_clock_set(pk_clock *clock, pk_clock_kind kind, double ns_per_tick);

/* How far the time-stamp counter has run from the monotonic clock since its anchor,
 * in millionths; 0 for other clocks and in the first millisecond.  [any thread] */
int64_t pk_clock_drift_ppm(const pk_clock *clock);

/* Ticks as nanoseconds.  [any thread] */
static inline int64_t
pk_clock_ns(const pk_clock *clock, int64_t ticks)
{
    double ns = (double)ticks * clock->ns_per_tick;
    return ns < 0x1p63 ? (int64_t)ns : INT64_MAX; /* a program's own timer may count anything */
}

#endif
