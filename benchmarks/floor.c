/* floor.c — hooks that do nothing, or read the clock or the memory of the process and do nothing
 * else: what the interpreter's own delivery of events costs, and with it the system's share.
 *
 * on(name, lines) and off(lines) switch a C profile or trace function on and off in the running
 * thread; from 3.12 on, nothing, clock and memory are objects to be registered with
 * sys.monitoring.  [gil] */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pread, O_CLOEXEC */
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#endif

static inline void
read_clock(void)
{
#if defined(__x86_64__) || defined(__i386__)
    (void)__rdtsc();
#else
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
#endif
}

static int statm = -1; /* descriptor, kept while the module is there; −1: there is none */

/* Have the system say what memory the process has. */
static inline void
read_memory(void)
{
    char line[128];
    (void)!pread(statm, line, sizeof line, 0);
}

#if PY_VERSION_HEX >= 0x030C0000

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
} nothing;

static PyObject *
call_nothing(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)self, (void)arguments, (void)count, (void)names;
    Py_RETURN_NONE;
}

/* Whether this is CALL, (code, offset, callable, first), of a Python function, which tells itself
 * that it begins. */
static inline bool
is_told_twice(PyObject *const *arguments, size_t count)
{
    return PyVectorcall_NARGS(count) >= 4 && PyFunction_Check(arguments[2]);
}

static PyObject *
call_clock(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)self, (void)names;
    if (!is_told_twice(arguments, count))
        read_clock();
    Py_RETURN_NONE;
}

static PyObject *
call_memory(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)self, (void)names;
    if (!is_told_twice(arguments, count))
        read_memory();
    Py_RETURN_NONE;
}

static PyMemberDef nothing_members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(nothing, vectorcall), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot nothing_slots[] = {
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, nothing_members},
    {0, NULL},
};

static PyType_Spec nothing_spec = {
    .name = "floor.nothing",
    .basicsize = sizeof(nothing),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = nothing_slots,
};

/* Add an object of the type.  0, or −1 with an exception. */
static int
add(PyObject *module, PyObject *type, const char *name, vectorcallfunc call)
{
    nothing *callable = PyObject_New(nothing, (PyTypeObject *)type);
    if (callable == NULL)
        return -1;
    callable->vectorcall = call;
    int result = PyModule_AddObjectRef(module, name, (PyObject *)callable);
    Py_DECREF(callable);
    return result;
}

static int
add_callables(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&nothing_spec);
    if (type == NULL)
        return -1;
    int result = add(module, type, "nothing", call_nothing);
    if (result == 0)
        result = add(module, type, "clock", call_clock);
    if (result == 0)
        result = add(module, type, "memory", call_memory);
    Py_DECREF(type);
    return result;
}

#else

static int
add_callables(PyObject *module)
{
    (void)module;
    return 0;
}

#endif

static int
start(PyObject *module)
{
    statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    return add_callables(module);
}

static int
profile_nothing(PyObject *object, PyFrameObject *frame, int what, PyObject *argument)
{
    (void)object, (void)frame, (void)what, (void)argument;
    return 0;
}

static int
profile_clock(PyObject *object, PyFrameObject *frame, int what, PyObject *argument)
{
    (void)object, (void)frame, (void)what, (void)argument;
    read_clock();
    return 0;
}

static int
profile_memory(PyObject *object, PyFrameObject *frame, int what, PyObject *argument)
{
    (void)object, (void)frame, (void)what, (void)argument;
    read_memory();
    return 0;
}

static PyObject *
on(PyObject *module, PyObject *arguments)
{
    (void)module;
    const char *name;
    int lines;
    if (!PyArg_ParseTuple(arguments, "sp:on", &name, &lines))
        return NULL;
    Py_tracefunc hook = strcmp(name, "clock") == 0    ? profile_clock
                        : strcmp(name, "memory") == 0 ? profile_memory
                                                      : profile_nothing;
    if (lines)
        PyEval_SetTrace(hook, NULL);
    else
        PyEval_SetProfile(hook, NULL);
    Py_RETURN_NONE;
}

static PyObject *
off(PyObject *module, PyObject *lines)
{
    (void)module;
    if (lines == Py_True)
        PyEval_SetTrace(NULL, NULL);
    else
        PyEval_SetProfile(NULL, NULL);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"on", on, METH_VARARGS, NULL},
    {"off", off, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, start},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "floor",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit_floor(void)
{
    return PyModuleDef_Init(&definition);
}
