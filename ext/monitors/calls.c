/* calls.c — Python code that has to see each event: a recorder, a filter, or a monitor of its own. */
#include "events.h"

struct pk_calls {
    PyObject_HEAD
    PyObject *handler;    /* owned; called with frame, name of the event and argument, as a profile
                             function is */
    bool one_thread;
    uint64_t thread;      /* pk_running_thread() of who made it */
};

/* What the handler is given besides the frame.  Borrowed. */
static PyObject *
argument_of(const pk_place *place)
{
    PyObject *argument = place->callable != NULL ? place->callable : place->value;
    return argument == NULL ? Py_None : argument;
}

void
pk_calls_tell(pk_calls *calls, const pk_place *place)
{
    if (calls->one_thread && pk_running_thread() != calls->thread)
        return;
    pk_shield_enter();
    PyObject *frame = (PyObject *)pk_frame_of(place);
    if (frame != NULL) {
        PyObject *arguments[] = {frame, pk_events.kinds[place->kind], argument_of(place)};
        PyObject *done = PyObject_Vectorcall(calls->handler, arguments, 3, NULL);
        if (done == NULL)
            pk_defer();
        Py_XDECREF(done);
        Py_DECREF(frame);
    }
    pk_shield_leave();
}

/* Calls(handler, one_thread=False): of the running thread, if only of one. */
static PyObject *
calls_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *handler;
    int one_thread = 0;
    static char *known[] = {"handler", "one_thread", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O|p:Calls", known, &handler,
                                     &one_thread))
        return NULL;
    pk_calls *calls = (pk_calls *)type->tp_alloc(type, 0);
    if (calls == NULL)
        return NULL;
    calls->handler = Py_NewRef(handler);
    calls->one_thread = one_thread != 0;
    calls->thread = pk_running_thread();
    return (PyObject *)calls;
}

static int
calls_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((pk_calls *)self)->handler);
    return 0;
}

static void
calls_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    Py_XDECREF(((pk_calls *)self)->handler);
    Py_TYPE(self)->tp_free(self);
}

PyTypeObject pk_calls_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pikos._events.Calls",
    .tp_doc = "Python code that is called for each event, or for those of one thread:\n"
              "Calls(handler, one_thread=False).",
    .tp_basicsize = sizeof(pk_calls),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = calls_new,
    .tp_dealloc = calls_dealloc,
    .tp_traverse = calls_traverse,
};
