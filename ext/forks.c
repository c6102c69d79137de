/* forks.c — a forked child begins without counting, with ledgers of its own, whether Python or C
 * code forks. */
#include "forks.h"

#include "hooks.h"

#include <pthread.h>

/* Static, because fork handlers belong to the process. */
static pk_profiler *watched;
static bool started;

/* Leave the ledger to the code that is reading it while this thread forks: it is neither written
 * to nor freed any more.  Whether there is a new one. */
static bool
set_aside(pk_profiler *profiler)
{
    pk_ledger *fresh = pk_ledger_new(pk_next_serial());
    if (fresh == NULL)
        return false;
    fresh->tree_nodes_max = profiler->ledger->tree_nodes_max;
    fresh->tree_depth_max = profiler->ledger->tree_depth_max;
    profiler->ledger = fresh;
    profiler->epoch++;
    return true;
}

/* In the child, before fork() returns: nothing counts, for what is open is the parent's, and so
 * would be the ledger if there is no memory for another one.  [the only thread] */
static void
begin_anew(void)
{
    for (pk_profiler *each = watched; each != NULL; each = each->next_watched) {
        each->inherited = each->inherited || each->enabled;
        each->enabled = each->no_memory = false;
        each->state->tool.changed_ns = 0; /* what the parent has kept is let go of at the next event */
        each->serial = UINT64_MAX;
        if (each->readers > 0)
            each->has_ledger = set_aside(each);
        else
            each->has_ledger = pk_ledger_replace(each->ledger, pk_next_serial()) == 0;
    }
    pk_this_thread.serial = 0;
}

/* In the child, when Python code has forked.  self: the module. */
static PyObject *
after_in_child(PyObject *self, PyObject *unused)
{
    (void)unused;
    pk_profiler_end_inherited(PyModule_GetState(self));
    if (pk_events_let_go(PyModule_GetState(self)) < 0)
        PyErr_Clear(); /* an event tries again */
    Py_RETURN_NONE;
}

static PyMethodDef handler = {"after_fork_in_child", after_in_child, METH_NOARGS, NULL};

/* Have os call after_in_child().  0, or −1 with an exception. */
static int
register_handler(PyObject *module)
{
    PyObject *posix = PyImport_ImportModule("posix"); /* owned, as all below */
    PyObject *function = posix == NULL ? NULL : PyObject_GetAttrString(posix, "register_at_fork");
    PyObject *none = PyTuple_New(0);
    PyObject *made = PyCFunction_New(&handler, module);
    PyObject *keywords = made == NULL ? NULL : Py_BuildValue("{s:O}", "after_in_child", made);
    PyObject *done = function == NULL || none == NULL || keywords == NULL
                         ? NULL
                         : PyObject_Call(function, none, keywords);
    int result = done == NULL ? -1 : 0;
    Py_XDECREF(done);
    Py_XDECREF(keywords);
    Py_XDECREF(made);
    Py_XDECREF(none);
    Py_XDECREF(function);
    Py_XDECREF(posix);
    return result;
}

int
pk_forks_start(PyObject *module)
{
    if (register_handler(module) < 0)
        return -1;
    if (started || pthread_atfork(NULL, NULL, begin_anew) == 0) {
        started = true;
        return 0;
    }
    PyErr_NoMemory();
    return -1;
}

void
pk_forks_watch(pk_profiler *profiler)
{
    profiler->next_watched = watched;
    watched = profiler;
}

void
pk_forks_forget(pk_profiler *profiler)
{
    pk_profiler **link = &watched;
    while (*link != NULL && *link != profiler)
        link = &(*link)->next_watched;
    if (*link != NULL)
        *link = profiler->next_watched;
}
