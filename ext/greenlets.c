/* greenlets.c — a stack of calls for each greenlet: greenlet tells us when they switch. */
#include "hooks.h"
#include "names.h"
#include "threads.h"

/* The outermost greenlet of the running thread, given any of its greenlets.  Only its
 * address counts.  NULL with an exception. */
static const void *
outermost(PyObject *greenlet)
{
    PyObject *at = Py_NewRef(greenlet);
    for (;;) {
        PyObject *parent = PyObject_GetAttrString(at, "parent");
        if (parent == NULL || parent == Py_None) {
            const void *address = parent == NULL ? NULL : at;
            Py_XDECREF(parent);
            Py_DECREF(at);
            return address;
        }
        Py_SETREF(at, parent);
    }
}

/* Change to the running greenlet's stack; from is whose stack it was, if that is new. */
static void
change_stack(pk_profiler *profiler, pk_thread *thread, const void *from, const void *to)
{
    int64_t now = profiler->timer == NULL
                      ? pk_clock_now(&profiler->clock)
                      : atomic_load_explicit(&thread->timer_now, memory_order_relaxed);
    if (pk_record_switch(thread, from, to, now) < 0)
        pk_hook_lost(profiler);
}

/* greenlet's trace function, which stays when the profiler is gone.  self: a tuple of the
 * module and the function that was traced with before, or None, which is called as before. */
static PyObject *
switched(PyObject *self, PyObject *arguments)
{
    const pk_state *state = PyModule_GetState(PyTuple_GET_ITEM(self, 0));
    PyObject *before = PyTuple_GET_ITEM(self, 1);
    PyObject *event, *origin, *target;
    if (state->active != NULL &&
        PyArg_ParseTuple(arguments, "O(OO)", &event, &origin, &target)) {
        pk_profiler *profiler = state->active;
        pk_thread *thread = pk_hook_thread(profiler);
        if (thread != NULL)
            change_stack(profiler, thread, origin, target);
    } else {
        PyErr_Clear();
    }
    if (before == Py_None)
        Py_RETURN_NONE;
    return PyObject_CallObject(before, arguments);
}

PyMethodDef pk_greenlet_switched = {"greenlet_switched", switched, METH_VARARGS, NULL};

/* Whether greenlet's present trace function is that of our module. */
static bool
is_ours(PyObject *function, const PyObject *ours)
{
    return PyCFunction_Check(function) &&
           ((PyCFunctionObject *)function)->m_ml == &pk_greenlet_switched &&
           PyTuple_GET_ITEM(((PyCFunctionObject *)function)->m_self, 0) == ours;
}

/* Install switched() beside what is there.  0, or −1 with an exception. */
static int
trace(const pk_profiler *profiler, PyObject *module)
{
    PyObject *ours = PyType_GetModule(profiler->state->profiler_type);
    PyObject *before = PyObject_CallMethod(module, "gettrace", NULL); /* owned, as all below */
    PyObject *self = NULL;
    PyObject *function = NULL;
    PyObject *old = NULL;
    int result = -1;
    if (before == NULL || ours == NULL)
        goto done;
    if (is_ours(before, ours)) {
        result = 0;
        goto done;
    }
    self = PyTuple_Pack(2, ours, before);
    if (self != NULL)
        function = PyCFunction_New(&pk_greenlet_switched, self);
    if (function != NULL)
        old = PyObject_CallMethod(module, "settrace", "O", function);
    result = old == NULL ? -1 : 0;
done:
    Py_XDECREF(before);
    Py_XDECREF(self);
    Py_XDECREF(function);
    Py_XDECREF(old);
    return result;
}

void
pk_greenlets_follow(pk_profiler *profiler, pk_thread *thread)
{
    if (thread->greenlets)
        return;
    PyObject *module = pk_imported_module(profiler->state, profiler->state->greenlet);
    if (module == NULL)
        return;
    PyObject *current = PyObject_CallMethod(module, "getcurrent", NULL);
    if (current != NULL && trace(profiler, module) == 0) {
        const void *root = outermost(current);
        if (root != NULL) {
            thread->greenlets = true;
            change_stack(profiler, thread, root, current);
        }
    }
    Py_XDECREF(current);
    Py_DECREF(module);
    PyErr_Clear();
}
