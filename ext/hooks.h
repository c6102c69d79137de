/* hooks.h — from an event of the interpreter to a call entered or left.  [gil]
 *
 * The interpreter's events differ (events_*.c); from here on they are the same.  Nothing
 * here raises, prints or changes the pending exception. */
#ifndef PK_HOOKS_H
#define PK_HOOKS_H

#include "state.h"

#include "record.h"

/* Turn the interpreter's events on: one of events_*.c does it.  0, or −1 with an exception. */
int pk_events_start(pk_profiler *profiler);

/* Turn them off, as far as they are on.  0, or −1 with an exception if some are left, which
 * can be tried again; the pending exception is kept otherwise. */
int pk_events_stop(pk_profiler *profiler);

/* Whether something else took events away that were turned on: another profile function, another
 * tool.  The pending exception is kept. */
bool pk_events_taken(const pk_profiler *profiler);

/* Let go at once of what is kept for the next start.  0, or −1 with an exception. */
int pk_events_let_go(pk_state *state);

/* How many references to the profiler the interpreter's events hold. */
Py_ssize_t pk_events_references(const pk_profiler *profiler);

/* What delivers the events, and why. */
extern const char pk_events_name[];
extern const char pk_events_reason[];

/* The row of the running thread when it is not known at once; NULL: do not record. */
pk_thread *pk_hook_find_thread(pk_profiler *profiler);

/* A call of key begins, or goes on (PK_FRAME_RESUMED).  object is the code object or the
 * called built-in, first the latter's first argument or NULL.  A Python timer, if the profiler
 * has one, may do anything. */
void pk_hook_enter(pk_profiler *profiler, const void *key, PyObject *object, PyObject *first,
                   pk_function_kind kind, uint32_t flags);

/* A call of key ends, or is suspended. */
void pk_hook_leave(pk_profiler *profiler, const void *key);

/* A call was not counted for want of memory. */
void pk_hook_lost(pk_profiler *profiler);

/* What a Python timer said. */
typedef struct {
    bool known; /* false: it failed, which has been reported as unraisable */
    int64_t ticks;
} pk_told;

/* Ask the Python timer. */
pk_told pk_hook_ask_timer(pk_profiler *profiler);

/* The time of thread, given what the timer said.  It never runs backwards: when the timer
 * does, or fails, it stands still, and then goes on from there. */
int64_t pk_hook_time_of(pk_thread *thread, pk_told told);

/* The key of a built-in that is called with first as its first argument (NULL: none), or
 * NULL if such a call is not counted: the method definition, one per function. */
const void *pk_builtin_key(PyObject *callable, PyObject *first);

/* The row of the running thread, or NULL: do not record. */
static inline pk_thread *
pk_hook_thread(pk_profiler *profiler)
{
    if (PK_LIKELY(pk_this_thread.serial == profiler->serial))
        return pk_this_thread.thread;
    return pk_hook_find_thread(profiler);
}

/* The same, or NULL also when it is not known at once. */
static inline pk_thread *
pk_hook_known_thread(const pk_profiler *profiler)
{
    return PK_LIKELY(pk_this_thread.serial == profiler->serial) ? pk_this_thread.thread : NULL;
}

/* What is likely of pk_hook_enter(); false: nothing is done.  quick says whether the clock is,
 * and if it is, nothing is called: then who calls this saves no register, and an event is so short
 * that this shows. */
static inline bool
pk_hook_enter_likely(const pk_profiler *profiler, const void *key, uint32_t flags, bool quick)
{
    pk_thread *thread = pk_hook_known_thread(profiler);
    if (PK_UNLIKELY(thread == NULL))
        return false;
    pk_frame *top = atomic_load_explicit(&thread->top, memory_order_relaxed);
    pk_node *node = pk_record_guess(atomic_load_explicit(&top->node, memory_order_relaxed), key);
    pk_frame *frame = atomic_load_explicit(&top->above, memory_order_relaxed);
    if (PK_UNLIKELY(node == NULL || frame == NULL || node->flags & PK_NODE_FOLDED))
        return false;
    pk_record_begin_enter(frame, flags);
    pk_record_end_enter(thread, frame, node,
                        quick ? pk_clock_quick_now() : pk_clock_ask(&profiler->clock));
    return true;
}

/* Likewise of pk_hook_leave(). */
static inline bool
pk_hook_leave_likely(const pk_profiler *profiler, const void *key, bool quick)
{
    pk_thread *thread = pk_hook_known_thread(profiler);
    if (PK_UNLIKELY(thread == NULL))
        return false;
    pk_frame *frame = atomic_load_explicit(&thread->top, memory_order_relaxed);
    pk_node *node = atomic_load_explicit(&frame->node, memory_order_relaxed);
    uint32_t flags = pk_frame_flags(frame);
    if (PK_UNLIKELY(node->key != key || flags & PK_FRAME_FOLDED))
        return false;
    int64_t calls = pk_record_begin_leave(frame, node, flags);
    int64_t now = quick ? pk_clock_quick_now() : pk_clock_ask(&profiler->clock);
    pk_times times = pk_record_times(frame, now);
    if (PK_UNLIKELY((times.spent | times.own) < 0))
        return false;
    pk_record_pop_unfolded(thread, frame, node, flags, calls, times);
    return true;
}

#endif
