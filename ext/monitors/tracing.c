/* tracing.c — the C profile and trace functions of each thread, where there is no sys.monitoring.
 *
 * What a thread had there before is called for the same events, after ours, and put back at the
 * end where ours is still the one that is set. */
#include "events.h"

#if !PK_HAS_MONITORING

typedef enum { PK_FUNCTIONS, PK_LINES, PK_WAYS } way;

/* What is set in a thread, for function events or for lines. */
typedef struct {
    PyObject_HEAD
    way kind;
    Py_tracefunc previous;     /* or NULL */
    PyObject *previous_object; /* owned, or NULL */
    bool is_new;               /* set in a thread that has just begun, before its first event */
} hook;

static PyTypeObject hook_type;

/* Whether the running thread is in a hook of ours: one that another calls tells nobody. */
static _Thread_local bool busy[PK_WAYS];

/* The id of the newest thread that ours was set in, where it is to be in all; 0: it is not. */
static uint64_t newest[PK_WAYS];

static int on_event(PyObject *self, PyFrameObject *frame, int what, PyObject *argument);

/* What a thread has for a kind of event.  Borrowed. */
static PyObject *
object_of(const PyThreadState *thread, way kind)
{
    return kind == PK_FUNCTIONS ? thread->c_profileobj : thread->c_traceobj;
}

static Py_tracefunc
function_of(const PyThreadState *thread, way kind)
{
    return kind == PK_FUNCTIONS ? thread->c_profilefunc : thread->c_tracefunc;
}

/* Whether ours is set in a thread, and called by the interpreter itself. */
static bool
is_set(const PyThreadState *thread, way kind)
{
    return function_of(thread, kind) == on_event;
}

/* Set it in the running thread.  0, or −1 with an exception. */
static int
set(way kind, Py_tracefunc function, PyObject *object)
{
    if (pk_hook_audit(kind == PK_LINES) < 0)
        return -1;
    PyThreadState *running = PyThreadState_Get();
    Py_XDECREF(pk_hook_exchange(running, kind == PK_LINES, function, Py_XNewRef(object)));
    return 0;
}

/* Set ours in a thread, with what was there before.  Runs no code of the program's if the collector
 * is off.  0, or −1 with an exception. */
static int
install(PyThreadState *thread, way kind)
{
    if (is_set(thread, kind))
        return 0;
    hook *made = PyObject_GC_New(hook, &hook_type);
    if (made == NULL)
        return -1;
    made->kind = kind;
    made->is_new = false;
    made->previous = function_of(thread, kind);
    made->previous_object = pk_hook_exchange(thread, kind == PK_LINES, on_event, (PyObject *)made);
    PyObject_GC_Track((PyObject *)made);
    return 0;
}

/* Put back what was there before ours.  Runs no code of the program's: it has what ours had. */
static void
uninstall(PyThreadState *thread, way kind)
{
    hook *ours = (hook *)object_of(thread, kind);
    PyObject *before = Py_XNewRef(ours->previous_object);
    Py_DECREF(pk_hook_exchange(thread, kind == PK_LINES, ours->previous, before));
}

/* Set ours in each thread that has begun since, however it was started: who starts one has an event
 * before that runs.  Runs no code of the program's. */
static void
reach_new_threads(way kind)
{
    PyObject *error = pk_error_take();
    uint64_t known = newest[kind];
    int collects = PyGC_Disable();
    for (PyThreadState *thread = pk_thread_states(); thread != NULL;
         thread = PyThreadState_Next(thread)) {
        uint64_t id = PyThreadState_GetID(thread);
        if (id > newest[kind])
            newest[kind] = id;
        if (id <= known || function_of(thread, kind) != NULL)
            continue;
        if (install(thread, kind) == 0)
            ((hook *)object_of(thread, kind))->is_new = true;
        else
            PyErr_Clear(); /* for want of memory the thread is not seen */
    }
    if (collects)
        PyGC_Enable();
    pk_error_restore(error);
}

/* Whether a thread begins as those of threading do, which sets the function that is due itself. */
static bool
is_of_threading(PyFrameObject *frame)
{
    PyCodeObject *code = PyFrame_GetCode(frame);
    bool result =
        PyUnicode_CompareWithASCIIString(pk_code_qualified_name(code), "Thread._bootstrap") == 0;
    Py_DECREF(code);
    return result;
}

/* The recordings of a kind of event.  Borrowed. */
static PyObject *
recordings_of(way kind)
{
    return kind == PK_FUNCTIONS ? pk_listeners.functions : pk_listeners.lines;
}

/* Read which event it is.  False if no recording is told of it. */
static bool
read_event(way kind, int what, PyObject *argument, pk_place *place)
{
    if (kind == PK_LINES) {
        place->kind = PK_LINE_EVENT;
        return what == PyTrace_LINE;
    }
    switch (what) {
    case PyTrace_CALL:
        place->kind = PK_CALL;
        return true;
    case PyTrace_RETURN:
        place->kind = PK_RETURN;
        place->value = argument;
        return true;
    case PyTrace_C_CALL:
        place->kind = PK_C_CALL;
        break;
    case PyTrace_C_RETURN:
        place->kind = PK_C_RETURN;
        break;
    case PyTrace_C_EXCEPTION:
        place->kind = PK_C_EXCEPTION;
        break;
    default:
        return false;
    }
    place->callable = argument;
    place->builtin = argument == NULL ? NULL : pk_builtin_name(argument, NULL);
    return place->builtin != NULL;
}

/* Tell the recordings of an event. */
static void
tell(way kind, PyFrameObject *frame, int what, PyObject *argument)
{
    pk_place place = {.frame = frame, .line_is_known = true};
    if (!read_event(kind, what, argument, &place))
        return;
    place.code = PyFrame_GetCode(frame);
    place.known = pk_code_of(place.code);
    if (place.known == NULL) {
        pk_tell_failure(recordings_of(kind));
    } else if (!pk_is_hidden(place.known)) {
        place.line = PyFrame_GetLineNumber(frame);
        place.at = kind == PK_LINES ? (uint32_t)place.line : (uint32_t)PyFrame_GetLasti(frame);
        pk_tell(recordings_of(kind), &place);
    }
    Py_DECREF(place.code);
}

/* Call what was there before, and stay where we are if it has set another: that is the previous
 * one then.  0, or −1 with an exception. */
static int
pass_on(hook *self, PyFrameObject *frame, int what, PyObject *argument)
{
    if (self->previous == NULL)
        return 0;
    PyThreadState *thread = PyThreadState_Get();
    bool was_set = object_of(thread, self->kind) == (PyObject *)self;
    PyObject *object = Py_XNewRef(self->previous_object);
    int result = self->previous(object, frame, what, argument);
    Py_XDECREF(object);
    if (!was_set || object_of(thread, self->kind) == (PyObject *)self || result < 0)
        return result;
    self->previous = function_of(thread, self->kind);
    Py_XSETREF(self->previous_object, Py_XNewRef(object_of(thread, self->kind)));
    if (PyTuple_GET_SIZE(recordings_of(self->kind)) == 0)
        return 0;
    return set(self->kind, on_event, (PyObject *)self);
}

/* Where nobody listens any more, put back what was there before.  0, or −1 with an exception. */
static int
leave_if_idle(hook *self)
{
    PyThreadState *thread = PyThreadState_Get();
    if (PyTuple_GET_SIZE(recordings_of(self->kind)) != 0 ||
        object_of(thread, self->kind) != (PyObject *)self)
        return 0;
    return set(self->kind, self->previous, self->previous_object);
}

/* What the interpreter calls.  self: the hook. */
static int
on_event(PyObject *object, PyFrameObject *frame, int what, PyObject *argument)
{
    hook *self = (hook *)object;
    way kind = self->kind;
    if (PK_UNLIKELY(newest[kind] != 0 && PyThreadState_GetID(pk_thread_states()) > newest[kind]))
        reach_new_threads(kind);
    if (PK_UNLIKELY(self->is_new)) {
        self->is_new = false;
        if (is_of_threading(frame) && is_set(PyThreadState_Get(), kind)) {
            uninstall(PyThreadState_Get(), kind);
            return 0;
        }
    }
    if (PK_LIKELY(self->previous == NULL && !busy[kind] &&
                  PyTuple_GET_SIZE(recordings_of(kind)) != 0)) {
        busy[kind] = true;
        tell(kind, frame, what, argument); /* which may take the hook off, and free it */
        busy[kind] = false;
        return 0;
    }
    Py_INCREF(self);
    bool outermost = !busy[kind];
    busy[kind] = true;
    if (outermost && PyTuple_GET_SIZE(recordings_of(kind)) != 0)
        tell(kind, frame, what, argument);
    int result = pass_on(self, frame, what, argument);
    busy[kind] = !outermost;
    if (result == 0 && outermost)
        result = leave_if_idle(self);
    Py_DECREF(self);
    return result;
}

/* The number of an event that is given by its name, or −1. */
static int
number_of(const char *name)
{
    static const struct {
        const char *name;
        int what;
    } events[] = {
        {"call", PyTrace_CALL},         {"return", PyTrace_RETURN},
        {"line", PyTrace_LINE},         {"exception", PyTrace_EXCEPTION},
        {"opcode", PyTrace_OPCODE},     {"c_call", PyTrace_C_CALL},
        {"c_return", PyTrace_C_RETURN}, {"c_exception", PyTrace_C_EXCEPTION},
    };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (strcmp(name, events[i].name) == 0)
            return events[i].what;
    return -1;
}

/* hook(frame, event, argument): somebody calls what sys.getprofile() or sys.gettrace() gave him.
 * If he set it again, the interpreter is to call it directly from now on. */
static PyObject *
hook_call(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    hook *self = (hook *)object;
    PyObject *frame, *argument;
    const char *event;
    static char *known[] = {"frame", "event", "arg", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!sO:hook", known, &PyFrame_Type, &frame,
                                     &event, &argument))
        return NULL;
    int what = number_of(event);
    PyThreadState *thread = PyThreadState_Get();
    bool is_ours = object_of(thread, self->kind) == object;
    if (is_ours && !is_set(thread, self->kind) && set(self->kind, on_event, object) < 0)
        return NULL;
    if (what >= 0 && on_event(object, (PyFrameObject *)frame, what, argument) < 0)
        return NULL;
    return Py_NewRef(self->kind == PK_LINES && !is_ours ? object : Py_None);
}

static int
hook_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((hook *)self)->previous_object);
    return 0;
}

static int
hook_clear(PyObject *self)
{
    ((hook *)self)->previous = NULL;
    Py_CLEAR(((hook *)self)->previous_object);
    return 0;
}

static void
hook_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    (void)hook_clear(self);
    PyObject_GC_Del(self);
}

static PyTypeObject hook_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pikos._events.hook",
    .tp_doc = "The profile or trace function of a thread.",
    .tp_basicsize = sizeof(hook),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_call = hook_call,
    .tp_dealloc = hook_dealloc,
    .tp_traverse = hook_traverse,
    .tp_clear = hook_clear,
};

PyDoc_STRVAR(set_hook_doc,
"set_hook(lines, everywhere, /)\n--\n\n"
"Set ours in the running thread; if it is to be everywhere, in each that has none, too.");

static PyObject *
set_hook(PyObject *module, PyObject *arguments)
{
    (void)module;
    int lines, everywhere;
    if (!PyArg_ParseTuple(arguments, "pp:set_hook", &lines, &everywhere))
        return NULL;
    way kind = lines ? PK_LINES : PK_FUNCTIONS;
    if (pk_hook_audit(lines) < 0)
        return NULL;
    int collects = PyGC_Disable(); /* a destructor could end threads whose states are still to come */
    int result = install(PyThreadState_Get(), kind);
    PyThreadState *thread = everywhere ? pk_thread_states() : NULL;
    for (; thread != NULL && result == 0; thread = PyThreadState_Next(thread))
        if (function_of(thread, kind) == NULL)
            result = install(thread, kind);
    if (everywhere)
        newest[kind] = PyThreadState_GetID(pk_thread_states());
    if (collects)
        PyGC_Enable();
    if (result < 0)
        return NULL;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(take_hooks_off_doc,
"take_hooks_off(lines, /)\n--\n\n"
"Put back, in each thread where ours is set, what was there before.");

static PyObject *
take_hooks_off(PyObject *module, PyObject *lines)
{
    (void)module;
    int is_lines = PyObject_IsTrue(lines);
    if (is_lines < 0)
        return NULL;
    way kind = is_lines ? PK_LINES : PK_FUNCTIONS;
    if (pk_hook_audit(kind == PK_LINES) < 0)
        return NULL;
    newest[kind] = 0;
    PyThreadState *thread = pk_thread_states();
    for (; thread != NULL; thread = PyThreadState_Next(thread))
        if (is_set(thread, kind))
            uninstall(thread, kind);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"set_hook", set_hook, METH_VARARGS, set_hook_doc},
    {"take_hooks_off", take_hooks_off, METH_O, take_hooks_off_doc},
    {NULL, NULL, 0, NULL},
};

int
pk_mechanism_start(PyObject *module)
{
    if (PyType_Ready(&hook_type) < 0)
        return -1;
    return PyModule_AddFunctions(module, methods);
}

#endif
