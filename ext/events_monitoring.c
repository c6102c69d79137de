/* events_monitoring.c — the events of 3.12 and later: sys.monitoring, with C callbacks. */
#include "hooks.h"

#include "compat.h"

#if PK_HAS_MONITORING

const char pk_events_name[] = "sys.monitoring";
const char pk_events_reason[] =
    "this interpreter has it, and a callback costs a half of what a profile function does";

#define TOOL_NAME "pikos"

/* A callback: an object that is called with an event's arguments. */
typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    pk_profiler *profiler; /* owned */
} hook;

/* An event has so many arguments; a program that calls the callback may give fewer.  False
 * with an exception. */
static bool
has_arguments(size_t count, Py_ssize_t wanted)
{
    if (PyVectorcall_NARGS(count) >= wanted)
        return true;
    PyErr_SetString(PyExc_TypeError, "this is called by sys.monitoring only");
    return false;
}

/* The first argument of a call event's (code, offset, callable, first), or NULL. */
static inline PyObject *
first_of(PyObject *const *arguments, size_t count)
{
    return PyVectorcall_NARGS(count) > 3 ? arguments[3] : NULL;
}

/* (code, offset): a Python function starts. */
PK_NOT_INLINED static PyObject *
on_start(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)names;
    if (!has_arguments(count, 1))
        return NULL;
    pk_hook_enter(((hook *)self)->profiler, arguments[0], arguments[0], NULL, PK_PYTHON_FUNCTION, 0);
    Py_RETURN_NONE;
}

/* (code, offset[, exception]): a generator or coroutine goes on. */
PK_NOT_INLINED static PyObject *
on_resume(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)names;
    if (!has_arguments(count, 1))
        return NULL;
    pk_hook_enter(((hook *)self)->profiler, arguments[0], arguments[0], NULL, PK_PYTHON_FUNCTION,
                  PK_FRAME_RESUMED);
    Py_RETURN_NONE;
}

/* (code, offset, value or exception): a Python function ends, or is suspended. */
PK_NOT_INLINED static PyObject *
on_leave(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)names;
    if (!has_arguments(count, 1))
        return NULL;
    pk_hook_leave(((hook *)self)->profiler, arguments[0]);
    Py_RETURN_NONE;
}

/* (code, offset, callable, first): something is called, perhaps a built-in. */
PK_NOT_INLINED static PyObject *
on_call(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)names;
    if (!has_arguments(count, 3))
        return NULL;
    PyObject *first = first_of(arguments, count);
    const void *key = pk_builtin_key(arguments[2], first);
    if (key != NULL)
        pk_hook_enter(((hook *)self)->profiler, key, arguments[2], first, PK_BUILTIN_FUNCTION, 0);
    Py_RETURN_NONE;
}

/* (code, offset, callable, first): it has returned, or raised. */
PK_NOT_INLINED static PyObject *
on_call_end(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)names;
    if (!has_arguments(count, 3))
        return NULL;
    const void *key = pk_builtin_key(arguments[2], first_of(arguments, count));
    if (key != NULL)
        pk_hook_leave(((hook *)self)->profiler, key);
    Py_RETURN_NONE;
}

/* The same five for a clock that is quick: what is likely, and else the one above, which is
 * jumped to.  An event is so short that the registers show which a call would make them save.
 * There never are so many arguments that their number needs more than 32 bits. */
static PyObject *
on_start_quick(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)names;
    if (PK_LIKELY((uint32_t)count >= 1 &&
                  pk_hook_enter_likely(((hook *)self)->profiler, arguments[0], 0, true)))
        Py_RETURN_NONE;
    return on_start(self, arguments, count, NULL);
}

static PyObject *
on_resume_quick(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)names;
    if (PK_LIKELY((uint32_t)count >= 1 &&
                  pk_hook_enter_likely(((hook *)self)->profiler, arguments[0], PK_FRAME_RESUMED,
                                       true)))
        Py_RETURN_NONE;
    return on_resume(self, arguments, count, NULL);
}

static PyObject *
on_leave_quick(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)names;
    if (PK_LIKELY((uint32_t)count >= 1 &&
                  pk_hook_leave_likely(((hook *)self)->profiler, arguments[0], true)))
        Py_RETURN_NONE;
    return on_leave(self, arguments, count, NULL);
}

/* What is called, as far as it is quickly known. */
typedef struct {
    bool counted;    /* whether such calls are counted at all */
    const void *key; /* pk_builtin_key() if they are, or NULL: ask that one */
} called;

/* What a call event's (code, offset, callable, first) tells of the callable. */
static inline called
what_is_called(PyObject *const *arguments, size_t count)
{
    PyObject *callable = arguments[2];
    if (PyCFunction_CheckExact(callable))
        return (called){true, ((PyCFunctionObject *)callable)->m_ml};
    if (Py_IS_TYPE(callable, &PyMethodDescr_Type)) {
        bool exact = (uint32_t)count > 3 && Py_IS_TYPE(arguments[3], PyDescr_TYPE(callable));
        return (called){true, exact ? ((PyMethodDescrObject *)callable)->d_method : NULL};
    }
    return (called){Py_IS_TYPE(callable, &PyCMethod_Type), NULL};
}

static PyObject *
on_call_quick(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)names;
    if (PK_LIKELY((uint32_t)count >= 3)) {
        if (Py_IS_TYPE(arguments[2], &PyFunction_Type))
            Py_RETURN_NONE; /* the likely one, whose own events tell */
        called what = what_is_called(arguments, count);
        if (!what.counted)
            Py_RETURN_NONE;
        if (what.key != NULL && pk_hook_enter_likely(((hook *)self)->profiler, what.key, 0, true))
            Py_RETURN_NONE;
    }
    return on_call(self, arguments, count, NULL);
}

static PyObject *
on_call_end_quick(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)names;
    if (PK_LIKELY((uint32_t)count >= 3)) {
        called what = what_is_called(arguments, count);
        if (!what.counted)
            Py_RETURN_NONE;
        if (what.key != NULL && pk_hook_leave_likely(((hook *)self)->profiler, what.key, true))
            Py_RETURN_NONE;
    }
    return on_call_end(self, arguments, count, NULL);
}

/* An event, and what is called for it. */
typedef struct {
    const char *name;
    vectorcallfunc any, quick;
    bool builtin; /* wanted for built-ins only */
    bool implied; /* comes with CALL, and is not asked for by itself */
} event;

static const event EVENTS[] = {
    {"PY_START", on_start, on_start_quick, false, false},
    {"PY_RESUME", on_resume, on_resume_quick, false, false},
    {"PY_THROW", on_resume, on_resume_quick, false, false},
    {"PY_RETURN", on_leave, on_leave_quick, false, false},
    {"PY_YIELD", on_leave, on_leave_quick, false, false},
    {"PY_UNWIND", on_leave, on_leave_quick, false, false},
    {"CALL", on_call, on_call_quick, true, false},
    {"C_RETURN", on_call_end, on_call_end_quick, true, true},
    {"C_RAISE", on_call_end, on_call_end_quick, true, true},
};
enum { EVENT_COUNT = sizeof EVENTS / sizeof EVENTS[0] };

static int
hook_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((hook *)self)->profiler);
    return 0;
}

static void
hook_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(((hook *)self)->profiler);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyMemberDef hook_members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(hook, vectorcall), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot hook_slots[] = {
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_dealloc, hook_dealloc},
    {Py_tp_traverse, hook_traverse},
    {Py_tp_members, hook_members},
    {0, NULL},
};

PyType_Spec pk_hook_spec = {
    .name = "pikos._lsprof.hook",
    .basicsize = sizeof(hook),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = hook_slots,
};

/* The number of an event, or −1 with an exception. */
static int
event_number(PyObject *module, const char *name)
{
    PyObject *events = PyObject_GetAttrString(module, "events");
    PyObject *number = events == NULL ? NULL : PyObject_GetAttrString(events, name);
    int result = number == NULL ? -1 : (int)PyLong_AsLong(number);
    Py_XDECREF(events);
    Py_XDECREF(number);
    return result;
}

/* Say which tools hold the ids that we would take.  Raises. */
static void
raise_no_id(PyObject *module, const int *ids, size_t count)
{
    PyObject *text = PyUnicode_FromString("no sys.monitoring tool id is free for pikos:");
    for (size_t i = 0; i < count && text != NULL; i++) {
        PyObject *holder = PyObject_CallMethod(module, "get_tool", "i", ids[i]);
        PyObject *longer =
            holder == NULL ? NULL
                           : PyUnicode_FromFormat("%U%s %d is held by %R", text,
                                                  i == 0 ? "" : ",", ids[i], holder);
        Py_XDECREF(holder);
        Py_SETREF(text, longer);
    }
    if (text != NULL)
        PyErr_SetObject(PyExc_ValueError, text);
    Py_XDECREF(text);
}

/* Drop what a call gave, which may be NULL.  Steals result.  0, or −1 if it was NULL. */
static int
dropped(PyObject *result)
{
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* Take a tool id.  0, or −1 with an exception. */
static int
take(PyObject *module, int id)
{
    return dropped(PyObject_CallMethod(module, "use_tool_id", "is", id, TOOL_NAME));
}

/* Take a tool id that is nobody's by convention, else any but the profilers' (2).
 * 0, or −1 with an exception. */
static int
take_id(pk_profiler *profiler, PyObject *module)
{
    static const int ids[] = {3, 4, 5, 1, 0};
    size_t count = sizeof ids / sizeof ids[0];
    for (size_t i = 0; i < count; i++) {
        PyObject *holder = PyObject_CallMethod(module, "get_tool", "i", ids[i]);
        if (holder == NULL)
            return -1;
        bool taken = holder != Py_None;
        Py_DECREF(holder);
        if (taken)
            continue;
        if (take(module, ids[i]) < 0)
            return -1;
        profiler->tool_id = ids[i];
        return 0;
    }
    raise_no_id(module, ids, count);
    return -1;
}

/* Register the callback of one event.  0, or −1 with an exception. */
static int
listen(pk_profiler *profiler, PyObject *module, const event *what, int number)
{
    hook *callback = PyObject_GC_New(hook, profiler->state->hook_type);
    if (callback == NULL)
        return -1;
    callback->vectorcall = pk_clock_is_quick(&profiler->clock) ? what->quick : what->any;
    callback->profiler = (pk_profiler *)Py_NewRef((PyObject *)profiler);
    PyObject_GC_Track((PyObject *)callback);
    return dropped(PyObject_CallMethod(module, "register_callback", "iiN", profiler->tool_id,
                                       number, (PyObject *)callback));
}

int
pk_events_start(pk_profiler *profiler)
{
    PyObject *module = profiler->state->monitoring;
    if (pk_events_stop(profiler) < 0 || take_id(profiler, module) < 0)
        return -1;
    int mask = 0;
    profiler->listens_builtins = profiler->builtins;
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        if (EVENTS[i].builtin && !profiler->builtins)
            continue;
        int number = event_number(module, EVENTS[i].name);
        if (number < 0 || listen(profiler, module, &EVENTS[i], number) < 0)
            goto failed;
        if (!EVENTS[i].implied)
            mask |= number;
    }
    profiler->events_asked = mask;
    if (dropped(PyObject_CallMethod(module, "set_events", "ii", profiler->tool_id, mask)) == 0)
        return 0;
failed:;
    PyObject *error = pk_error_take();
    if (pk_events_stop(profiler) < 0)
        PyErr_Clear(); /* the next enable() or disable() tries again */
    pk_error_restore(error);
    return -1;
}

bool
pk_events_taken(const pk_profiler *profiler)
{
    PyObject *error = pk_error_take();
    PyObject *module = profiler->state->monitoring;
    PyObject *holder = PyObject_CallMethod(module, "get_tool", "i", profiler->tool_id);
    PyObject *events = holder == NULL || holder == Py_None ? NULL
                       : PyObject_CallMethod(module, "get_events", "i", profiler->tool_id);
    bool ours = events != NULL && PyUnicode_Check(holder) &&
                PyUnicode_CompareWithASCIIString(holder, TOOL_NAME) == 0 &&
                PyLong_AsLong(events) == profiler->events_asked;
    bool failed = PyErr_Occurred() != NULL; /* then nothing is known */
    PyErr_Clear();
    Py_XDECREF(holder);
    Py_XDECREF(events);
    pk_error_restore(error);
    return !ours && !failed;
}

Py_ssize_t
pk_events_references(const pk_profiler *profiler)
{
    Py_ssize_t count = 0;
    for (size_t i = 0; i < EVENT_COUNT && profiler->tool_id >= 0; i++)
        count += profiler->listens_builtins || !EVENTS[i].builtin;
    return count;
}

/* Whether the tool id is still ours, or after the program gave it away, ours again; false if
 * another tool has it.  −1 with an exception. */
static int
hold_id(const pk_profiler *profiler, PyObject *module)
{
    PyObject *holder = PyObject_CallMethod(module, "get_tool", "i", profiler->tool_id);
    int result = -1;
    if (holder == Py_None)
        result = take(module, profiler->tool_id) < 0 ? -1 : 1;
    else if (holder != NULL)
        result = PyUnicode_Check(holder) &&
                 PyUnicode_CompareWithASCIIString(holder, TOOL_NAME) == 0;
    Py_XDECREF(holder);
    return result;
}

/* Turn off the events and the callbacks, and give back the tool id.  0, or −1 with an
 * exception. */
static int
let_go(const pk_profiler *profiler, PyObject *module)
{
    int held = hold_id(profiler, module);
    if (held <= 0)
        return held;
    if (dropped(PyObject_CallMethod(module, "set_events", "ii", profiler->tool_id, 0)) < 0)
        return -1;
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        int number = event_number(module, EVENTS[i].name);
        if (number < 0 || dropped(PyObject_CallMethod(module, "register_callback", "iiO",
                                                      profiler->tool_id, number, Py_None)) < 0)
            return -1;
    }
    return dropped(PyObject_CallMethod(module, "free_tool_id", "i", profiler->tool_id));
}

int
pk_events_stop(pk_profiler *profiler)
{
    if (profiler->tool_id < 0)
        return 0;
    PyObject *error = pk_error_take();
    if (let_go(profiler, profiler->state->monitoring) < 0) {
        Py_XDECREF(error);
        return -1;
    }
    profiler->tool_id = -1;
    pk_error_restore(error);
    return 0;
}

#endif
