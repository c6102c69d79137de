/* callbacks.c — what sys.monitoring calls, in Python 3.12 and later. */
#include "events.h"

#if PK_HAS_MONITORING

static PyObject *disable; /* sys.monitoring.DISABLE */

/* A callback: an object that is called with an event's arguments. */
typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
} callback;

/* An int that is a C long, quick for a small one.  −1 with an exception. */
static inline long
as_long(PyObject *number)
{
    if (PK_LIKELY(PyLong_CheckExact(number) && PyUnstable_Long_IsCompact((PyLongObject *)number)))
        return (long)PyUnstable_Long_CompactValue((PyLongObject *)number);
    return PyLong_AsLong(number);
}

/* Read (code, number, ...).  False with an exception: the program calls the callback itself.  Where
 * the place has nothing known of its code there is no memory for that, and an exception says so. */
static inline bool
read_arguments(PyObject *const *arguments, size_t count, Py_ssize_t wanted, pk_place *place,
               long *number)
{
    if (PyVectorcall_NARGS(count) < wanted || !PyCode_Check(arguments[0])) {
        PyErr_SetString(PyExc_TypeError, "this is called by sys.monitoring only");
        return false;
    }
    place->code = (PyCodeObject *)arguments[0];
    *number = as_long(arguments[1]);
    if (PK_UNLIKELY(*number == -1 && PyErr_Occurred()))
        return false;
    place->at = (uint32_t)*number;
    place->known = pk_code_of(place->code);
    return true;
}

enum { KEPT_NS = 1000000000 }; /* how long events are kept that nobody listens to */

/* An event has come that nobody listens to: let go of such events if they have been kept long
 * enough.  What fails is tried again by another event. */
static void
find_nobody(void)
{
    int64_t now = pk_now_ns();
    if (now - pk_listeners.since_ns < KEPT_NS || pk_listeners.nobody == Py_None)
        return;
    pk_listeners.since_ns = now;
    PyObject *error = pk_error_take();
    PyObject *nobody = Py_NewRef(pk_listeners.nobody);
    pk_shield_enter();
    PyObject *done = PyObject_CallNoArgs(nobody);
    if (done == NULL && !pk_defer_if_of_the_program())
        PyErr_Clear();
    pk_shield_leave();
    Py_XDECREF(done);
    Py_DECREF(nobody);
    pk_error_restore(error);
}

/* Whether an event, which has at least two arguments, comes while there are no recordings. */
static inline bool
is_for_nobody(PyObject *recordings, size_t count)
{
    if (PK_LIKELY(PyTuple_GET_SIZE(recordings) != 0) || PyVectorcall_NARGS(count) < 2)
        return false;
    find_nobody();
    return true;
}

/* Pass an event to the listeners, unless it comes from Pikos's own code. */
static inline PyObject *
tell(PyObject *listeners, pk_place *place)
{
    if (PK_UNLIKELY(place->known == NULL))
        pk_tell_failure(listeners);
    else if (!pk_is_hidden(place->known))
        pk_tell(listeners, place);
    Py_RETURN_NONE;
}

/* A function begins, goes on or ends. */
static inline PyObject *
function_event(PyObject *const *arguments, size_t count, pk_kind kind)
{
    pk_place place = {.kind = kind};
    long offset;
    if (is_for_nobody(pk_listeners.functions, count))
        Py_RETURN_NONE;
    if (!read_arguments(arguments, count, kind == PK_RETURN ? 3 : 2, &place, &offset))
        return NULL;
    if (kind == PK_RETURN)
        place.value = arguments[2];
    return tell(pk_listeners.functions, &place);
}

static PyObject *
on_begin(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)self;
    (void)names;
    return function_event(arguments, count, PK_CALL);
}

static PyObject *
on_end(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)self;
    (void)names;
    return function_event(arguments, count, PK_RETURN);
}

/* A function is left by an exception: the offset is of who handles it, the frame knows its own. */
static PyObject *
on_unwind(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)self;
    (void)names;
    pk_place place = {.kind = PK_RETURN};
    long offset;
    if (is_for_nobody(pk_listeners.functions, count))
        Py_RETURN_NONE;
    if (!read_arguments(arguments, count, 2, &place, &offset))
        return NULL;
    place.frame = PyThreadState_GetFrame(PyThreadState_Get());
    if (place.frame != NULL) {
        place.at = (uint32_t)PyFrame_GetLasti(place.frame);
        place.line = PyFrame_GetLineNumber(place.frame);
        place.line_is_known = true;
    }
    PyObject *result = tell(pk_listeners.functions, &place);
    Py_XDECREF(place.frame);
    return result;
}

/* (code, offset, callable, first): something is called, or has ended, perhaps a built-in. */
static inline PyObject *
builtin_event(PyObject *const *arguments, size_t count, pk_kind kind)
{
    if (PyVectorcall_NARGS(count) < 4) {
        PyErr_SetString(PyExc_TypeError, "this is called by sys.monitoring only");
        return NULL;
    }
    if (is_for_nobody(pk_listeners.functions, count))
        Py_RETURN_NONE;
    pk_place place = {.kind = kind, .callable = arguments[2]};
    place.builtin = pk_builtin_name(arguments[2], arguments[3]);
    if (place.builtin == NULL)
        Py_RETURN_NONE;
    long offset;
    if (!read_arguments(arguments, count, 4, &place, &offset))
        return NULL;
    return tell(pk_listeners.functions, &place);
}

static PyObject *
on_call(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)self;
    (void)names;
    return builtin_event(arguments, count, PK_C_CALL);
}

static PyObject *
on_c_return(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)self;
    (void)names;
    return builtin_event(arguments, count, PK_C_RETURN);
}

static PyObject *
on_c_raise(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)self;
    (void)names;
    return builtin_event(arguments, count, PK_C_EXCEPTION);
}

/* Record a line. */
static inline PyObject *
line_event(pk_place *place, int line)
{
    place->kind = PK_LINE_EVENT;
    place->at = (uint32_t)line;
    place->line = line;
    place->line_is_known = true;
    return tell(pk_listeners.lines, place);
}

/* (code, line): a line begins. */
static PyObject *
on_line(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)self;
    (void)names;
    pk_place place = {0};
    long line;
    if (is_for_nobody(pk_listeners.lines, count))
        Py_RETURN_NONE;
    if (!read_arguments(arguments, count, 2, &place, &line))
        return NULL;
    return line_event(&place, (int)line);
}

/* (code, source, destination): a jump; one back within a line begins the line again.  Any other
 * is never of interest, and not told again. */
static PyObject *
on_jump(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)self;
    (void)names;
    pk_place place = {0};
    long source;
    if (is_for_nobody(pk_listeners.lines, count))
        Py_RETURN_NONE;
    if (!read_arguments(arguments, count, 3, &place, &source))
        return NULL;
    long destination = as_long(arguments[2]);
    if (destination == -1 && PyErr_Occurred())
        return NULL;
    if (destination > source)
        return Py_NewRef(disable);
    if (place.known == NULL)
        return tell(pk_listeners.lines, &place);
    int line = pk_code_line(place.known, place.code, (int)source);
    int next = line < -1 ? line : pk_code_line(place.known, place.code, (int)destination);
    if (next < -1) {
        pk_tell_failure(pk_listeners.lines);
        Py_RETURN_NONE;
    }
    if (line < 0 || line != next)
        return Py_NewRef(disable);
    return line_event(&place, line);
}

/* Nothing is done at the start of a function for lines, but it has to be asked for. */
static PyObject *
on_start_of_lines(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)self;
    (void)arguments;
    (void)count;
    (void)names;
    Py_RETURN_NONE;
}

static PyMemberDef callback_members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(callback, vectorcall), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyTypeObject callback_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pikos._events.callback",
    .tp_basicsize = sizeof(callback),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL |
                Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_vectorcall_offset = offsetof(callback, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_members = callback_members,
};

typedef struct {
    const char *event;
    vectorcallfunc call;
} listed;

static const listed function_callbacks[] = {
    {"PY_START", on_begin},    {"PY_RESUME", on_begin}, {"PY_THROW", on_begin},
    {"PY_RETURN", on_end},     {"PY_YIELD", on_end},    {"PY_UNWIND", on_unwind},
    {"CALL", on_call},         {"C_RETURN", on_c_return}, {"C_RAISE", on_c_raise},
    {NULL, NULL},
};

static const listed line_callbacks[] = {
    {"LINE", on_line},
    {"JUMP", on_jump},
    {"PY_START", on_start_of_lines},
    {NULL, NULL},
};

/* Add a dictionary of callbacks by event.  0, or −1 with an exception. */
static int
add_callbacks(PyObject *module, const char *name, const listed *list)
{
    PyObject *callbacks = PyDict_New();
    for (; callbacks != NULL && list->event != NULL; list++) {
        callback *made = PyObject_New(callback, &callback_type);
        if (made != NULL)
            made->vectorcall = list->call;
        if (made == NULL || PyDict_SetItemString(callbacks, list->event, (PyObject *)made) < 0)
            Py_CLEAR(callbacks);
        Py_XDECREF(made);
    }
    int result = callbacks == NULL ? -1 : PyModule_AddObjectRef(module, name, callbacks);
    Py_XDECREF(callbacks);
    return result;
}

int
pk_mechanism_start(PyObject *module)
{
    PyObject *monitoring = PySys_GetObject("monitoring"); /* borrowed */
    if (monitoring == NULL) {
        PyErr_SetString(PyExc_ImportError, "pikos._events needs sys.monitoring, which is gone");
        return -1;
    }
    disable = PyObject_GetAttrString(monitoring, "DISABLE"); /* the process's, never let go */
    if (disable == NULL || PyType_Ready(&callback_type) < 0)
        return -1;
    if (add_callbacks(module, "function_callbacks", function_callbacks) < 0)
        return -1;
    return add_callbacks(module, "line_callbacks", line_callbacks);
}

#endif
