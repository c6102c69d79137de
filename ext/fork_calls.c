/* fork_calls.c — when a fork of this process begins and when it is over.
 *
 * os.register_at_fork() is not enough: from 3.12 on os.fork() counts threads after its handlers,
 * and warns of them.  So the definitions of os.fork and os.forkpty, which all their references
 * share, are made to call functions of ours, which know when the built-in has returned or raised. */
#include "fork_calls.h"

#include <time.h>

#define TRIES 100
#define POLL_NS 1000000
#define POLLS 1000 /* for another thread's fork to be over */

/* Why static, all below: forks belong to the process.  Changed with the GIL held. */
static PyObject *watchers; /* list of (pause, resume, forget); owned, for ever */
static PyObject *kept;     /* list of what was raised meanwhile, or NULL; owned */
static unsigned long forking; /* ident of the thread that forks; 0: none does */
static int pauses;            /* of that thread, which no resume has answered */

/* How many calls of the built-ins below the thread is in. */
static _Thread_local int calls;

/* A pending call: raise what was kept.  Steals error. */
static int
raise_kept(void *error)
{
    pk_error_restore(error);
    return -1;
}

/* Raise in the main thread, as soon as it runs Python code, what its signal handlers raised in the
 * middle of our work. */
static void
raise_all_kept(void)
{
    PyObject *errors = kept;
    kept = NULL;
    for (Py_ssize_t i = 0; errors != NULL && i < PyList_GET_SIZE(errors); i++) {
        PyObject *error = Py_NewRef(PyList_GET_ITEM(errors, i));
        if (Py_AddPendingCall(raise_kept, error) < 0) { /* there are too many */
            pk_error_restore(error);
            PyErr_WriteUnraisable(NULL);
        }
    }
    Py_XDECREF(errors);
}

/* Keep the exception that is set until the fork is over. */
static void
keep_error(void)
{
    PyObject *error = pk_error_take();
    if (kept == NULL)
        kept = PyList_New(0);
    if (kept == NULL || PyList_Append(kept, error) < 0)
        PyErr_Clear();
    Py_DECREF(error);
}

/* Call one of each watcher's three functions until it returns: handlers of signals may raise in
 * it.  What it raises each time is no signal's but an error of ours. */
static void
tell(Py_ssize_t which)
{
    PyObject *error = pk_error_take();
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(watchers); i++) {
        PyObject *function = PyTuple_GET_ITEM(PyList_GET_ITEM(watchers, i), which);
        PyObject *result = NULL;
        for (int left = TRIES; result == NULL && left > 0; left--) {
            result = PyObject_CallNoArgs(function);
            if (result == NULL && left > 1)
                keep_error();
            else if (result == NULL)
                PyErr_WriteUnraisable(function);
        }
        Py_XDECREF(result);
    }
    pk_error_restore(error);
}
enum { PAUSE, RESUME, FORGET };

/* The running thread has forked, or could not. */
static void
be_over(void)
{
    if (--pauses > 0)
        return;
    tell(RESUME);
    forking = 0;
    raise_all_kept();
}

/* Wait while another thread forks, so long at most. */
static void
wait_for_other_forks(void)
{
    unsigned long self = PyThread_get_thread_ident();
    for (int i = 0; i < POLLS && forking != 0 && forking != self; i++) {
        Py_BEGIN_ALLOW_THREADS
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
        Py_END_ALLOW_THREADS
    }
}

static PyObject *
before(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    wait_for_other_forks();
    if (forking != 0 && forking != PyThread_get_thread_ident())
        Py_RETURN_NONE;
    forking = PyThread_get_thread_ident();
    pauses++;
    tell(PAUSE);
    Py_RETURN_NONE;
}

static PyObject *
after_in_parent(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    if (calls == 0 && forking == PyThread_get_thread_ident())
        be_over();
    Py_RETURN_NONE;
}

static PyObject *
after_in_child(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    forking = 0;
    pauses = 0;
    Py_CLEAR(kept); /* the parent's */
    tell(FORGET);
    raise_all_kept();
    Py_RETURN_NONE;
}

static PyMethodDef handlers[] = {
    {"before_fork", before, METH_NOARGS, NULL},
    {"after_fork_in_parent", after_in_parent, METH_NOARGS, NULL},
    {"after_fork_in_child", after_in_child, METH_NOARGS, NULL},
};

/* Call a built-in that forks.  It is over, in the parent, when that has returned or raised. */
static PyObject *
call(PyCFunction original, PyObject *self, PyObject *unused)
{
    calls++;
    PyObject *result = original(self, unused);
    calls--;
    while (calls == 0 && pauses > 0 && forking == PyThread_get_thread_ident())
        be_over();
    return result;
}

static PyCFunction original_fork, original_forkpty;

static PyObject *
fork_and_resume(PyObject *self, PyObject *unused)
{
    return call(original_fork, self, unused);
}

static PyObject *
forkpty_and_resume(PyObject *self, PyObject *unused)
{
    return call(original_forkpty, self, unused);
}

/* Have the definition of a built-in call instead, and give what it called.  Where it is no
 * built-in without arguments, nothing is done.  Leaves no exception. */
static void
replace(PyObject *posix, const char *name, PyCFunction instead, PyCFunction *original)
{
    PyObject *function = PyObject_GetAttrString(posix, name);
    if (function != NULL && PyCFunction_CheckExact(function)) {
        PyMethodDef *definition = ((PyCFunctionObject *)function)->m_ml;
        if (definition->ml_flags == METH_NOARGS && definition->ml_meth != instead) {
            *original = definition->ml_meth;
            definition->ml_meth = instead;
        }
    }
    PyErr_Clear();
    Py_XDECREF(function);
}

/* Have os call the handlers above.  0, or −1 with an exception. */
static int
register_handlers(void)
{
    static const char *const names[] = {"before", "after_in_parent", "after_in_child"};
    PyObject *posix = PyImport_ImportModule("posix"); /* owned, as all below */
    PyObject *function = posix == NULL ? NULL : PyObject_GetAttrString(posix, "register_at_fork");
    PyObject *none = PyTuple_New(0);
    PyObject *keywords = PyDict_New();
    bool failed = function == NULL || none == NULL || keywords == NULL;
    for (int i = 0; i < 3 && !failed; i++) {
        PyObject *handler = PyCFunction_New(&handlers[i], NULL);
        failed = handler == NULL || PyDict_SetItemString(keywords, names[i], handler) < 0;
        Py_XDECREF(handler);
    }
    PyObject *done = failed ? NULL : PyObject_Call(function, none, keywords);
    if (done != NULL) {
        replace(posix, "fork", fork_and_resume, &original_fork);
        replace(posix, "forkpty", forkpty_and_resume, &original_forkpty);
    }
    int result = done == NULL ? -1 : 0;
    Py_XDECREF(done);
    Py_XDECREF(keywords);
    Py_XDECREF(none);
    Py_XDECREF(function);
    Py_XDECREF(posix);
    return result;
}

PyDoc_STRVAR(watch_forks_doc, "watch_forks(pause, resume, forget, /)\n--\n\n"
"Have functions called around each fork, now and for ever.\n\n"
"Each is called again until it returns, if a handler of a signal raises in it; that is raised in\n"
"the main thread when the fork is over.\n\n"
"Parameters\n----------\n"
"pause : callable\n    Called before a fork.\n"
"resume : callable\n    Called in the parent, when os.fork() and the like have returned or raised:\n"
"    they warn of threads no more.\n"
"forget : callable\n    Called in the child.");

static PyObject *
watch_forks(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 3) {
        PyErr_SetString(PyExc_TypeError, "watch_forks() takes three callables");
        return NULL;
    }
    PyObject *watcher = PyTuple_Pack(3, args[0], args[1], args[2]); /* owned */
    if (watcher == NULL)
        return NULL;
    bool first = watchers == NULL;
    if (first)
        watchers = PyList_New(0);
    int failed = watchers == NULL || PyList_Append(watchers, watcher) < 0;
    Py_DECREF(watcher);
    if (!failed && first && register_handlers() < 0)
        failed = 1;
    if (failed && first)
        Py_CLEAR(watchers);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

PyMethodDef pk_fork_calls_methods[] = {
    {"watch_forks", (PyCFunction)(void (*)(void))watch_forks, METH_FASTCALL, watch_forks_doc},
    {NULL, NULL, 0, NULL},
};
