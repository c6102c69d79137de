/* endings.c — what both modules offer to code that must run before the process ends. */
#include "endings.h"

#include <errno.h>
#include <limits.h>

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
"RuntimeError\n    If there are eight for others.");

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

PyMethodDef pk_endings_methods[] = {
    {"arm_watchdog", arm_watchdog, METH_O, arm_watchdog_doc},
    {"cover_signal", cover_signal, METH_O, cover_signal_doc},
    {"disarm_watchdog", disarm_watchdog, METH_NOARGS, disarm_watchdog_doc},
    {"look_alike", (PyCFunction)(void (*)(void))look_alike, METH_FASTCALL, look_alike_doc},
    {NULL, NULL, 0, NULL},
};
