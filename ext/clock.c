/* clock.c — choosing a clock, and keeping watch on the time-stamp counter. */
#include "clock.h"

#include <stdio.h>
#include <string.h>

#if PK_HAS_TSC
#include <cpuid.h>
#endif

#define BASELINE_NS 5000000    /* the counter is measured over at least this long */
#define DRIFT_MIN_NS 1000000   /* below this, drift would be noise */

#if PK_HAS_TSC
/* Whether the processor promises one steady rate in all power states.  [any thread] */
static bool
tsc_is_invariant(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & (1u << 8)) != 0;
}

/* Whether the kernel, which watches it all the time, trusts the counter; true where
 * it does not say.  [any thread] */
static bool
tsc_is_trusted(void)
{
    static const char path[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    char name[32] = "";
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return true;
    bool read = fgets(name, sizeof name, file) != NULL;
    fclose(file);
    return !read || strncmp(name, "tsc", 3) == 0 || strncmp(name, "kvm-clock", 9) == 0 ||
           strncmp(name, "hyperv", 6) == 0;
}

/* Both clocks at one moment, as nearly as can be: the closest of a few tries. */
static void
read_both(int64_t *tsc, int64_t *monotonic)
{
    int64_t best = INT64_MAX;
    *tsc = *monotonic = 0;
    for (int i = 0; i < 8; i++) {
        int64_t before = (int64_t)__rdtsc();
        int64_t ns = pk_monotonic_ns();
        int64_t after = (int64_t)__rdtsc();
        if (after - before < best) {
            best = after - before;
            *tsc = before + (after - before) / 2;
            *monotonic = ns;
        }
    }
}
#endif

int64_t
pk_clock_ask(const pk_clock *clock)
{
    if (clock->kind == PK_CLOCK_EXTERNAL)
        return 0;
    struct timespec now;
    clock_gettime(clock->kind == PK_CLOCK_CPU ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void
pk_clock_anchor(pk_clock *clock)
{
    memset(clock, 0, sizeof *clock);
#if PK_HAS_TSC
    read_both(&clock->tsc_anchor, &clock->monotonic_anchor);
#endif
}

void
pk_clock_wall(pk_clock *clock, const char **reason)
{
    clock->kind = PK_CLOCK_MONOTONIC;
    clock->ns_per_tick = 1.0;
#if PK_HAS_TSC
    if (!tsc_is_invariant()) {
        *reason = "the processor does not promise an invariant time-stamp counter";
        return;
    }
    if (!tsc_is_trusted()) {
        *reason = "the kernel does not trust the time-stamp counter";
        return;
    }
    int64_t tsc, monotonic;
    do
        read_both(&tsc, &monotonic);
    while (monotonic - clock->monotonic_anchor < BASELINE_NS);
    if (tsc <= clock->tsc_anchor) {
        *reason = "the time-stamp counter did not advance";
        return;
    }
    clock->kind = PK_CLOCK_TSC;
    clock->ns_per_tick =
        (double)(monotonic - clock->monotonic_anchor) / (double)(tsc - clock->tsc_anchor);
    *reason = "the time-stamp counter is invariant, and measured against the monotonic clock";
#else
    *reason = "this processor has no time-stamp counter that can be read";
#endif
}

void
pk_clock_set(pk_clock *clock, pk_clock_kind kind, double ns_per_tick)
{
    pk_clock_anchor(clock);
    clock->kind = kind;
    clock->ns_per_tick = ns_per_tick;
}

int64_t
pk_clock_drift_ppm(const pk_clock *clock)
{
#if PK_HAS_TSC
    if (clock->kind == PK_CLOCK_TSC) {
        int64_t tsc, monotonic;
        read_both(&tsc, &monotonic);
        double elapsed = (double)(monotonic - clock->monotonic_anchor);
        if (elapsed >= DRIFT_MIN_NS) {
            double counted = (double)(tsc - clock->tsc_anchor) * clock->ns_per_tick;
            return (int64_t)((counted - elapsed) / elapsed * 1e6);
        }
    }
#else
    (void)clock;
#endif
    return 0;
}
