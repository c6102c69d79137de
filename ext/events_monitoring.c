/* events_monitoring.c — the events of 3.12 and later: sys.monitoring, with C callbacks. */
#include "hooks.h"

#include "compat.h"

#if PK_HAS_MONITORING

const char pk_events_name[] = "sys.monitoring";
const char pk_events_reason[] =
    "this interpreter has it, and a callback costs a half of what a profile function does";

/* A callback: an object that is called with an event's arguments.  There is one for each event,
 * registered for as long as we have a tool id. */
typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall; /* on_idle while nobody listens */
    pk_profiler *profiler;     /* borrowed: it is active, or NULL while nobody listens */
    pk_state *state;           /* borrowed from the module, which the type keeps alive */
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

/* An event that nobody listens to. */
static PyObject *
on_idle(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)arguments;
    (void)count;
    (void)names;
    pk_state *state = ((hook *)self)->state;
    pk_tool_idle(&state->tool, state->monitoring, state->hooks);
    Py_RETURN_NONE;
}

static int
hook_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static void
hook_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
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

/* Whether a profiler listens to an event. */
static bool
listens(const pk_profiler *profiler, const event *what)
{
    return profiler->builtins || !what->builtin;
}

/* at_exit(): keep nothing from now on, and let go of what nobody listens to. */
static PyObject *
at_exit(PyObject *self, PyObject *unused)
{
    (void)unused;
    pk_state *state = ((hook *)self)->state;
    state->tool.ends = true;
    if (pk_tool_let_go(&state->tool, state->monitoring, state->hooks) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* Have the interpreter call at_exit() with a hook.  0, or −1 with an exception. */
static int
register_at_exit(PyObject *any_hook)
{
    static PyMethodDef definition = {"at_exit", at_exit, METH_NOARGS, NULL};
    PyObject *module = PyImport_ImportModule("atexit");
    PyObject *function = module == NULL ? NULL : PyCFunction_New(&definition, any_hook);
    PyObject *done =
        function == NULL ? NULL : PyObject_CallMethod(module, "register", "O", function);
    Py_XDECREF(done);
    Py_XDECREF(function);
    Py_XDECREF(module);
    return done == NULL ? -1 : 0;
}

/* A hook of an event, by whose number it is put into the dict.  0, or −1 with an exception. */
static int
add_hook(pk_state *state, PyObject *hooks, const event *what)
{
    int number = event_number(state->monitoring, what->name);
    PyObject *key = number < 0 ? NULL : PyLong_FromLong(number);
    hook *made = key == NULL ? NULL : PyObject_GC_New(hook, state->hook_type);
    int result = -1;
    if (made != NULL) {
        made->vectorcall = on_idle;
        made->profiler = NULL;
        made->state = state;
        PyObject_GC_Track((PyObject *)made);
        result = PyDict_SetItem(hooks, key, (PyObject *)made);
    }
    Py_XDECREF(made);
    Py_XDECREF(key);
    return result;
}

/* Have the hooks in the state: a dict by the number of the event, in the order of EVENTS.  0, or
 * −1 with an exception. */
static int
need_hooks(pk_state *state)
{
    if (state->hooks != NULL)
        return 0;
    PyObject *hooks = PyDict_New(), *key, *first = NULL;
    Py_ssize_t place = 0;
    int result = hooks == NULL ? -1 : 0;
    for (size_t i = 0; i < EVENT_COUNT && result == 0; i++)
        result = add_hook(state, hooks, &EVENTS[i]);
    if (result == 0 && PyDict_Next(hooks, &place, &key, &first))
        result = register_at_exit(first);
    if (result < 0)
        Py_CLEAR(hooks);
    state->hooks = hooks;
    return result;
}

/* Have the hooks tell a profiler, or nobody; the events that it listens to, as bits. */
static int
direct(pk_state *state, pk_profiler *profiler)
{
    PyObject *number, *object;
    Py_ssize_t place = 0;
    int events = 0;
    for (size_t i = 0; state->hooks != NULL && PyDict_Next(state->hooks, &place, &number, &object);
         i++) {
        bool wanted = profiler != NULL && listens(profiler, &EVENTS[i]);
        hook *each = (hook *)object;
        each->profiler = wanted ? profiler : NULL;
        each->vectorcall = !wanted                                ? on_idle
                           : pk_clock_is_quick(&profiler->clock) ? EVENTS[i].quick
                                                                  : EVENTS[i].any;
        if (wanted && !EVENTS[i].implied)
            events |= (int)PyLong_AsLong(number);
    }
    state->listener = profiler;
    return events;
}

int
pk_events_start(pk_profiler *profiler)
{
    pk_state *state = profiler->state;
    if (need_hooks(state) < 0)
        return -1;
    int events = direct(state, profiler);
    if (pk_tool_want(&state->tool, state->monitoring, events, state->hooks) == 0)
        return 0;
    (void)direct(state, NULL);
    return -1;
}

bool
pk_events_taken(const pk_profiler *profiler)
{
    pk_state *state = profiler->state;
    return state->listener == profiler && pk_tool_is_taken(&state->tool, state->monitoring);
}

int
pk_events_let_go(pk_state *state)
{
    return state->hooks == NULL ? 0
                                : pk_tool_let_go(&state->tool, state->monitoring, state->hooks);
}

Py_ssize_t
pk_events_references(const pk_profiler *profiler)
{
    (void)profiler;
    return 0;
}

int
pk_events_stop(pk_profiler *profiler)
{
    pk_state *state = profiler->state;
    if (state->listener != profiler)
        return 0;
    PyObject *error = pk_error_take();
    (void)direct(state, NULL);
    int result = pk_tool_want_none(&state->tool, state->monitoring, state->hooks,
                                   profiler->keeps_events);
    if (result < 0) {
        Py_XDECREF(error);
        return -1;
    }
    pk_error_restore(error);
    return 0;
}

#endif
