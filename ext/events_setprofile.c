/* events_setprofile.c — the events of 3.11: the C profile function, on every thread. */
#include "hooks.h"

#include <string.h>

#include "compat.h"
#include "names.h"
#include "publishing.h"

#if !PK_HAS_MONITORING

const char pk_events_name[] = "PyEval_SetProfile";
const char pk_events_reason[] = "this interpreter has no sys.monitoring (it came with 3.12)";

static int on_event(PyObject *self, PyFrameObject *frame, int what, PyObject *arg);

/* Whether a call event is a resume: a generator's that does not stand at its start. */
static bool
is_resume(pk_profiler *profiler, PyCodeObject *code, PyFrameObject *frame)
{
    if (!pk_code_is_generator(code))
        return false;
    pk_function *function = pk_ledger_function(profiler->ledger, code);
    int start = function != NULL ? function->start : pk_code_start(code);
    return PyFrame_GetLasti(frame) > start;
}

/* The first thread state from one on that has no profile function, or NULL. */
static PyThreadState *
without_function(PyThreadState *thread)
{
    while (thread != NULL && thread->c_profilefunc != NULL)
        thread = PyThreadState_Next(thread);
    return thread;
}

/* Hook the threads that have no profile function yet. */
static void
hook_other_threads(pk_profiler *profiler)
{
    if (without_function(pk_thread_states()) == NULL)
        return;
    if (pk_hook_audit(false) < 0) {
        PyErr_Clear(); /* an audit hook does not want it */
        return;
    }
    PyThreadState *running = PyThreadState_Get();
    PyThreadState *thread = without_function(pk_thread_states());
    for (; thread != NULL; thread = without_function(PyThreadState_Next(thread)))
        if (thread != running)
            Py_XDECREF(pk_hook_exchange(thread, false, on_event, Py_NewRef(profiler)));
}

/* A built-in has returned: if it has started a thread, that one is hooked before it runs. */
static void
watch_thread_start(pk_profiler *profiler, const PyMethodDef *method)
{
    if (profiler->all_threads && strncmp(method->ml_name, "start_new", 9) == 0) {
        PyObject *error = pk_error_take();
        hook_other_threads(profiler);
        pk_error_restore(error);
    }
}

/* Whether a built-in replaces the running thread's profile function: then its end is no event. */
static inline bool
may_replace(const PyMethodDef *method)
{
    const char *name = method->ml_name;
    return (name[0] == 's' && strcmp(name, "setprofile") == 0) ||
           (name[0] == 'e' && strcmp(name, "enable") == 0);
}

/* A call begins, or goes on. */
static inline void
enter(pk_profiler *profiler, const void *key, PyObject *object, pk_function_kind kind,
      uint32_t flags)
{
    if (!pk_clock_is_quick(&profiler->clock) || !pk_hook_enter_likely(profiler, key, flags, true))
        pk_hook_enter(profiler, key, object, NULL, kind, flags);
}

/* A call ends, or is suspended. */
static inline void
leave(pk_profiler *profiler, const void *key)
{
    if (!pk_clock_is_quick(&profiler->clock) || !pk_hook_leave_likely(profiler, key, true))
        pk_hook_leave(profiler, key);
}

/* The interpreter's profile function.  self: the profiler. */
static int
on_event(PyObject *self, PyFrameObject *frame, int what, PyObject *arg)
{
    pk_profiler *profiler = (pk_profiler *)self;
    if (what == PyTrace_CALL || what == PyTrace_RETURN) {
        PyCodeObject *code = PyFrame_GetCode(frame);
        if (what == PyTrace_CALL) {
            uint32_t flags = is_resume(profiler, code, frame) ? PK_FRAME_RESUMED : 0;
            enter(profiler, code, (PyObject *)code, PK_PYTHON_FUNCTION, flags);
        } else {
            leave(profiler, code);
        }
        Py_DECREF(code);
        return 0;
    }
    if (!PyCFunction_Check(arg))
        return 0;
    const PyMethodDef *method = ((PyCFunctionObject *)arg)->m_ml;
    if (what == PyTrace_C_CALL) {
        if (PK_UNLIKELY(may_replace(method))) {
            profiler->replacing++;
            pk_publishing_set_missed(profiler);
        }
        if (profiler->builtins)
            enter(profiler, method, arg, PK_BUILTIN_FUNCTION, 0);
    } else if (what == PyTrace_C_RETURN || what == PyTrace_C_EXCEPTION) {
        if (PK_UNLIKELY(method->ml_name[0] == 's'))
            watch_thread_start(profiler, method);
        if (PK_UNLIKELY(may_replace(method)) && profiler->replacing > 0) {
            profiler->replacing--;
            pk_publishing_set_missed(profiler);
        }
        if (profiler->builtins)
            leave(profiler, method);
    }
    return 0;
}

int
pk_events_start(pk_profiler *profiler)
{
    if (pk_hook_audit(false) < 0)
        return -1;
    profiler->replacing = 0;
    PyObject *self = Py_NewRef((PyObject *)profiler);
    PyObject *before = pk_hook_exchange(PyThreadState_Get(), false, on_event, self);
    if (profiler->all_threads)
        hook_other_threads(profiler);
    Py_XDECREF(before);
    return 0;
}

bool
pk_events_taken(const pk_profiler *profiler)
{
    bool by_owner = PyThread_get_thread_ident() == profiler->owner &&
                    PyThreadState_Get()->c_profileobj != (const PyObject *)profiler;
    return by_owner || profiler->replacing > 0;
}

int
pk_events_let_go(pk_state *state)
{
    (void)state; /* nothing is kept */
    return 0;
}

Py_ssize_t
pk_events_references(const pk_profiler *profiler)
{
    Py_ssize_t count = 0;
    PyThreadState *thread = pk_thread_states();
    for (; thread != NULL; thread = PyThreadState_Next(thread))
        count += thread->c_profileobj == (const PyObject *)profiler;
    return count;
}

int
pk_events_stop(pk_profiler *profiler)
{
    if (pk_events_references(profiler) == 0)
        return 0;
    PyObject *error = pk_error_take();
    if (pk_hook_audit(false) < 0) {
        Py_XDECREF(error);
        return -1;
    }
    PyThreadState *thread = pk_thread_states();
    for (; thread != NULL; thread = PyThreadState_Next(thread))
        if (thread->c_profileobj == (PyObject *)profiler)
            Py_XDECREF(pk_hook_exchange(thread, false, NULL, NULL)); /* the caller has it, too */
    pk_error_restore(error);
    return 0;
}

#endif
