/* hooks.c — the rare part of an event: first calls, new threads, Python timers. */
#include "hooks.h"

#include <math.h>

#include "names.h"
#include "publishing.h"
#include "threads.h"

/* Why static: it is each thread's own. */
_Thread_local pk_here pk_this_thread;

const void *
pk_builtin_key(PyObject *callable, PyObject *first)
{
    if (PyCFunction_CheckExact(callable) || Py_IS_TYPE(callable, &PyCMethod_Type))
        return ((PyCFunctionObject *)callable)->m_ml;
    if (Py_IS_TYPE(callable, &PyMethodDescr_Type) && first != NULL &&
        PyObject_TypeCheck(first, PyDescr_TYPE(callable)))
        return ((PyMethodDescrObject *)callable)->d_method;
    return NULL;
}

void
pk_hook_lost(pk_profiler *profiler)
{
    atomic_fetch_add_explicit(&profiler->ledger->lost_calls, 1, memory_order_relaxed);
    profiler->no_memory = true;
}

pk_thread *
pk_hook_find_thread(pk_profiler *profiler)
{
    if (!profiler->enabled)
        return NULL;
    pk_thread *thread = NULL;
    if (profiler->all_threads || pk_thread_number() == profiler->owner) {
        pk_life *life = pk_thread_life(profiler->state);
        if (life != NULL) {
            thread = pk_ledger_thread(profiler->ledger, life);
            if (thread == NULL)
                thread = pk_thread_row(profiler, life);
        }
        if (thread == NULL) {
            pk_hook_lost(profiler);
            return NULL;
        }
    }
    pk_this_thread.serial = profiler->serial;
    pk_this_thread.thread = thread;
    return thread;
}

/* The function of key, made if it is new, or NULL with an exception. */
static pk_function *
find_function(pk_profiler *profiler, const void *key, PyObject *object, PyObject *first, pk_function_kind kind)
{
    pk_function *function = pk_ledger_function(profiler->ledger, key);
    if (function != NULL)
        return function;
    pk_function fresh = {.key = key};
    if (pk_name_function(profiler->state, &fresh, object, first, kind) < 0)
        return NULL;
    /* Naming may run the garbage collector, and that may have called the function. */
    function = pk_ledger_function(profiler->ledger, key);
    bool is_new = function == NULL;
    if (is_new)
        function = pk_ledger_add_function(profiler->ledger, &fresh);
    free(fresh.name.bytes);
    free(fresh.qualified_name.bytes);
    free(fresh.file.bytes);
    if (!is_new || function == NULL)
        Py_DECREF((PyObject *)fresh.ref);
    if (function == NULL)
        PyErr_NoMemory();
    return function;
}

/* The node that the running thread is in. */
static pk_node *
running_node(pk_thread *thread)
{
    pk_frame *top = atomic_load_explicit(&thread->top, memory_order_relaxed);
    return atomic_load_explicit(&top->node, memory_order_relaxed);
}

/* The node of a call when the guess failed; NULL: do not record. */
static pk_node *
find_node(pk_profiler *profiler, pk_thread *thread, const void *key, PyObject *object,
          PyObject *first, pk_function_kind kind)
{
    pk_node *node = pk_ledger_known_child(profiler->ledger, running_node(thread), key);
    if ((node != NULL && !pk_thread_is_to_be_named(thread)) ||
        (kind == PK_PYTHON_FUNCTION && !PyCode_Check(object)))
        return node; /* it is no code object if the program calls the callback */
    if (PK_UNLIKELY(profiler->publishing.restart))
        pk_publishing_restart(profiler);
    /* Making names may run the garbage collector, and that anything: clear() keeps the
     * ledger while it has a reader, and what it no longer is shows in the serial. */
    PyObject *error = pk_error_take();
    uint64_t serial = profiler->serial;
    Py_INCREF(profiler);
    profiler->readers++;
    pk_function *function = find_function(profiler, key, object, first, kind);
    if (function != NULL && !function->hidden) {
        pk_thread_learn_name(profiler, thread);
        pk_greenlets_follow(profiler, thread);
    }
    bool still = serial == profiler->serial;
    node = NULL;
    if (still && function != NULL && !function->hidden) /* what ran may have made the node */
        node = pk_ledger_known_child(profiler->ledger, running_node(thread), key);
    if (still && node == NULL && function != NULL && !function->hidden)
        node = pk_ledger_child(profiler->ledger, thread, running_node(thread), function);
    if (still && node == NULL && (function == NULL || !function->hidden))
        pk_hook_lost(profiler);
    profiler->readers--;
    Py_DECREF(profiler);
    pk_error_restore(error);
    return node;
}

/* What a timer gave, as ticks.  0, or −1 with an exception. */
static int
ticks_of(const pk_profiler *profiler, PyObject *value, int64_t *ticks)
{
    if (profiler->timer_counts) {
        *ticks = PyLong_AsLongLong(value);
        return *ticks == -1 && PyErr_Occurred() ? -1 : 0;
    }
    double seconds = PyFloat_AsDouble(value);
    if (seconds == -1.0 && PyErr_Occurred())
        return -1;
    if (!(fabs(seconds) < 9e9)) {
        PyErr_SetString(PyExc_OverflowError, "the timer's seconds do not fit 64 bits of ns");
        return -1;
    }
    *ticks = (int64_t)floor(seconds * 1e9);
    return 0;
}

pk_told
pk_hook_ask_timer(pk_profiler *profiler)
{
    PyObject *error = pk_error_take();
    PyObject *timer = Py_NewRef(profiler->timer);
    pk_told told = {false, 0};
    pk_this_thread.in_timer++;
    PyObject *value = PyObject_CallNoArgs(timer);
    told.known = value != NULL && ticks_of(profiler, value, &told.ticks) == 0;
    if (!told.known)
        PyErr_WriteUnraisable(timer);
    Py_XDECREF(value);
    pk_this_thread.in_timer--;
    Py_DECREF(timer);
    pk_error_restore(error);
    return told;
}

int64_t
pk_hook_time_of(pk_thread *thread, pk_told told)
{
    int64_t before = atomic_load_explicit(&thread->timer_now, memory_order_relaxed);
    int64_t now, shift;
    if (!told.known || __builtin_add_overflow(told.ticks, thread->timer_shift, &now))
        return before;
    if (now < before) {
        if (!__builtin_sub_overflow(before, told.ticks, &shift))
            thread->timer_shift = shift;
        return before;
    }
    atomic_store_explicit(&thread->timer_now, now, memory_order_release);
    return now;
}

/* Enter a call in thread at now, or now if that is NULL, which is read last. */
static void
enter(pk_profiler *profiler, pk_thread *thread, const void *key, PyObject *object,
      PyObject *first, pk_function_kind kind, uint32_t flags, const int64_t *now)
{
    pk_node *node = pk_record_guess(running_node(thread), key);
    if (node == NULL) {
        node = find_node(profiler, thread, key, object, first, kind);
        if (node == NULL)
            return;
    }
    pk_frame *top = atomic_load_explicit(&thread->top, memory_order_relaxed);
    pk_frame *frame = pk_record_frame(thread, top);
    if (frame == NULL) {
        pk_hook_lost(profiler);
        return;
    }
    pk_record_begin_enter_any(thread, frame, node, flags);
    pk_record_end_enter(thread, frame, node,
                        now == NULL ? pk_clock_now(&profiler->clock) : *now);
}

/* Ask the Python timer, for an event of the running thread.  Its row and the time, or NULL: do
 * not record. */
static pk_thread *
ask_for_thread(pk_profiler *profiler, int64_t *now)
{
    if (pk_this_thread.in_timer || pk_hook_thread(profiler) == NULL)
        return NULL;
    uint64_t serial = profiler->serial;
    pk_told told = pk_hook_ask_timer(profiler);
    pk_thread *thread = serial == profiler->serial ? pk_hook_thread(profiler) : NULL;
    if (thread != NULL)
        *now = pk_hook_time_of(thread, told);
    return thread;
}

/* pk_hook_enter() with a Python timer. */
static void
enter_timed(pk_profiler *profiler, const void *key, PyObject *object, PyObject *first,
            pk_function_kind kind, uint32_t flags)
{
    int64_t now;
    Py_INCREF(profiler);
    pk_thread *thread = ask_for_thread(profiler, &now);
    if (thread != NULL)
        enter(profiler, thread, key, object, first, kind, flags, &now);
    Py_DECREF(profiler);
}

/* pk_hook_leave() with a Python timer. */
static void
leave_timed(pk_profiler *profiler, const void *key)
{
    int64_t now;
    Py_INCREF(profiler);
    pk_thread *thread = ask_for_thread(profiler, &now);
    if (thread != NULL)
        pk_record_leave(profiler->ledger, thread, key, now);
    Py_DECREF(profiler);
}

/* pk_hook_enter(), whatever is the case. */
PK_NOT_INLINED static void
enter_any(pk_profiler *profiler, const void *key, PyObject *object, PyObject *first,
          pk_function_kind kind, uint32_t flags)
{
    if (profiler->timer != NULL) {
        enter_timed(profiler, key, object, first, kind, flags);
        return;
    }
    pk_thread *thread = pk_hook_thread(profiler);
    if (thread != NULL)
        enter(profiler, thread, key, object, first, kind, flags, NULL);
}

/* pk_hook_leave(), whatever is the case. */
PK_NOT_INLINED static void
leave_any(pk_profiler *profiler, const void *key)
{
    if (profiler->timer != NULL) {
        leave_timed(profiler, key);
        return;
    }
    pk_thread *thread = pk_hook_thread(profiler);
    if (thread == NULL)
        return;
    pk_frame *frame = atomic_load_explicit(&thread->top, memory_order_relaxed);
    const pk_node *node = running_node(thread);
    if (node->key == key)
        (void)pk_record_begin_leave(frame, node, pk_frame_flags(frame));
    pk_record_leave(profiler->ledger, thread, key, pk_clock_now(&profiler->clock));
}

void
pk_hook_enter(pk_profiler *profiler, const void *key, PyObject *object, PyObject *first,
              pk_function_kind kind, uint32_t flags)
{
    if (profiler->timer != NULL || pk_clock_is_quick(&profiler->clock) ||
        !pk_hook_enter_likely(profiler, key, flags, false))
        enter_any(profiler, key, object, first, kind, flags);
}

void
pk_hook_leave(pk_profiler *profiler, const void *key)
{
    if (profiler->timer != NULL || pk_clock_is_quick(&profiler->clock) ||
        !pk_hook_leave_likely(profiler, key, false))
        leave_any(profiler, key);
}
