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

/* How many references to the profiler the interpreter's events hold. */
Py_ssize_t pk_events_references(const pk_profiler *profiler);

/* What delivers the events, and why. */
extern const char pk_events_name[];
extern const char pk_events_reason[];

/* The row of the running thread when it is not known at once; NULL: do not record. */
pk_thread *pk_hook_find_thread(pk_profiler *profiler);

/* The node of a call when the guess failed; NULL: do not record.  object is the code
 * object or the called built-in, first the latter's first argument or NULL. */
pk_node *pk_hook_find_node(pk_profiler *profiler, pk_thread *thread, const void *key,
                           PyObject *object, PyObject *first, pk_function_kind kind);

/* The same as the two below for a profiler with a Python timer, which may do anything. */
void pk_hook_enter_timed(pk_profiler *profiler, const void *key, PyObject *object, PyObject *first,
                         pk_function_kind kind, uint32_t flags);
void pk_hook_leave_timed(pk_profiler *profiler, const void *key);

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
int64_t pk_hook_time_of(pk_ledger *ledger, pk_thread *thread, pk_told told);

/* The key of a built-in that is called with first as its first argument (NULL: none), or
 * NULL if such a call is not counted: the method definition, one per function. */
static inline const void *
pk_builtin_key(PyObject *callable, PyObject *first)
{
    if (Py_IS_TYPE(callable, &PyFunction_Type))
        return NULL; /* the likely one, whose own events tell */
    if (PyCFunction_CheckExact(callable) || Py_IS_TYPE(callable, &PyCMethod_Type))
        return ((PyCFunctionObject *)callable)->m_ml;
    if (Py_IS_TYPE(callable, &PyMethodDescr_Type) && first != NULL &&
        PyObject_TypeCheck(first, PyDescr_TYPE(callable)))
        return ((PyMethodDescrObject *)callable)->d_method;
    return NULL;
}

static inline pk_thread *
pk_hook_thread(pk_profiler *profiler)
{
    if (PK_LIKELY(pk_this_thread.serial == profiler->serial))
        return pk_this_thread.thread;
    return pk_hook_find_thread(profiler);
}

/* A call of key begins, or goes on (PK_FRAME_RESUMED). */
static inline void
pk_hook_enter(pk_profiler *profiler, const void *key, PyObject *object, PyObject *first, pk_function_kind kind,
              uint32_t flags)
{
    pk_thread *thread = pk_hook_thread(profiler);
    if (thread == NULL)
        return;
    pk_node *node = pk_record_guess(thread, key);
    if (PK_UNLIKELY(node == NULL)) {
        node = pk_hook_find_node(profiler, thread, key, object, first, kind);
        if (node == NULL)
            return;
    }
    pk_frame *frame = pk_record_frame(thread);
    if (PK_UNLIKELY(frame == NULL)) {
        pk_hook_lost(profiler);
        return;
    }
    pk_record_push(thread, frame, node, flags, pk_clock_now(&profiler->clock));
}

/* A call of key ends, or is suspended. */
static inline void
pk_hook_leave(pk_profiler *profiler, const void *key)
{
    int64_t now = pk_clock_now(&profiler->clock);
    pk_thread *thread = pk_hook_thread(profiler);
    if (thread != NULL)
        pk_record_leave(profiler->ledger, thread, key, now);
}

#endif
