/* endings.c — what both modules offer to code that must run before the process ends. */
#include "endings.h"

#include <errno.h>
#include <limits.h>

#include "forked.h"
#include "look_alike.h"
#include "watchdog.h"

PyDoc_STRVAR(look_alike_doc, "look_alike(original, instead, /)\n--\n\n"
"Make a built-in function that stands in for another one.\n\n"
"Parameters\n----------\n"
"original : builtin_function_or_method\n    What it has the name, module, self and documentation of.\n"
"instead : callable\n    Called with the original and the arguments.\n\n"
"Returns\n-------\n"
"builtin_function_or_method\n    The stand-in: for one original always the same, which now calls\n"
"    instead.\n\n"
"Raises\n------\n"
"RuntimeError\n    If there are sixteen for others.");

static PyObject *
look_alike(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "look_alike() takes a built-in and a callable");
        return NULL;
    }
    return pk_look_alike(args[0], args[1]);
}

PyDoc_STRVAR(arm_watchdog_doc, "arm_watchdog(command, /)\n--\n\n"
"Have signals that cover_signal() was called for end this process in time, also where their\n"
"handler cannot run because a C call does not return.  Called first in the main thread.\n\n"
"Parameters\n----------\n"
"command : tuple of bytes\n    What is run first, with its arguments; empty: nothing.");

static PyObject *
arm_watchdog(PyObject *module, PyObject *command)
{
    (void)module;
    if (!PyTuple_Check(command)) {
        PyErr_SetString(PyExc_TypeError, "arm_watchdog() takes a tuple of bytes");
        return NULL;
    }
    Py_ssize_t count = PyTuple_GET_SIZE(command);
    char **texts = PyMem_Calloc((size_t)count + 1, sizeof *texts);
    if (texts == NULL)
        return PyErr_NoMemory();
    int error = 0;
    for (Py_ssize_t i = 0; i < count && error == 0; i++)
        error = PyBytes_AsStringAndSize(PyTuple_GET_ITEM(command, i), &texts[i], NULL);
    if (error == 0 && (errno = pk_watchdog_arm(texts)) != 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        error = -1;
    }
    PyMem_Free(texts);
    if (error != 0)
        return NULL;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(cover_signal_doc, "cover_signal(number, /)\n--\n\n"
"Have the watchdog see to a signal whose handler signal.signal() has just set.\n\n"
"Raises\n------\n"
"OSError\n    If there is no timer for it.");

static PyObject *
cover_signal(PyObject *module, PyObject *number)
{
    (void)module;
    long value = PyLong_AsLong(number);
    if (value == -1 && PyErr_Occurred())
        return NULL;
    errno = value < INT_MIN || value > INT_MAX ? EINVAL : pk_watchdog_cover((int)value);
    if (errno != 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(disarm_watchdog_doc, "disarm_watchdog()\n--\n\n"
"Leave signals to Python.  Does not return where the watchdog is ending the process.");

static PyObject *
disarm_watchdog(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    pk_watchdog_disarm();
    Py_RETURN_NONE;
}

PyDoc_STRVAR(forked_begin_doc, "forked_begin()\n--\n\n"
"Have forked_add() note processes, in memory that this process and its children share.\n\n"
"Raises\n------\n"
"OSError\n    If there is no such memory.");

static PyObject *
forked_begin(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    errno = pk_forked_begin();
    if (errno != 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}

/* Call change with a process's id. */
static PyObject *
with_process(PyObject *process, void (*change)(int32_t))
{
    long value = PyLong_AsLong(process);
    if (value == -1 && PyErr_Occurred())
        return NULL;
    if (value > 0 && value <= INT32_MAX)
        change((int32_t)value);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(forked_add_doc, "forked_add(process, /)\n--\n\n"
"Note a process: what was forked says its own id.");

static PyObject *
forked_add(PyObject *module, PyObject *process)
{
    (void)module;
    return with_process(process, pk_forked_add);
}

PyDoc_STRVAR(forked_remove_doc, "forked_remove(process, /)\n--\n\n"
"Take out a process, which becomes another program.");

static PyObject *
forked_remove(PyObject *module, PyObject *process)
{
    (void)module;
    return with_process(process, pk_forked_remove);
}

PyDoc_STRVAR(forked_doc, "forked()\n--\n\n"
"Give the processes that were noted.\n\n"
"Returns\n-------\n"
"tuple\n    A list of ids, and how many others there are, whose ids were not kept.");

static PyObject *
forked(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    int32_t processes[PK_FORKED_ROOM];
    size_t more;
    size_t count = pk_forked_read(processes, &more);
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *process = PyLong_FromLong(processes[i]);
        if (process == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)i, process);
    }
    return list == NULL ? NULL : Py_BuildValue("(Nn)", list, (Py_ssize_t)more);
}

PyDoc_STRVAR(unobserved_doc, "unobserved(function, /, *arguments)\n--\n\n"
"Call a function with no events in the running thread: nothing of it is counted or recorded.");

static PyObject *
unobserved(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count < 1) {
        PyErr_SetString(PyExc_TypeError, "unobserved() takes a function");
        return NULL;
    }
    PyThreadState *thread = PyThreadState_Get();
    PyThreadState_EnterTracing(thread);
    PyObject *result = PyObject_Vectorcall(args[0], args + 1, (size_t)count - 1, NULL);
    PyThreadState_LeaveTracing(thread);
    return result;
}

PyMethodDef pk_endings_methods[] = {
    {"arm_watchdog", arm_watchdog, METH_O, arm_watchdog_doc},
    {"cover_signal", cover_signal, METH_O, cover_signal_doc},
    {"disarm_watchdog", disarm_watchdog, METH_NOARGS, disarm_watchdog_doc},
    {"forked", forked, METH_NOARGS, forked_doc},
    {"forked_add", forked_add, METH_O, forked_add_doc},
    {"forked_begin", forked_begin, METH_NOARGS, forked_begin_doc},
    {"forked_remove", forked_remove, METH_O, forked_remove_doc},
    {"look_alike", (PyCFunction)(void (*)(void))look_alike, METH_FASTCALL, look_alike_doc},
    {"unobserved", (PyCFunction)(void (*)(void))unobserved, METH_FASTCALL, unobserved_doc},
    {NULL, NULL, 0, NULL},
};
