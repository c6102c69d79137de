/* floor.c — hooks that do nothing, or read the clock and do nothing else: what the interpreter's
 * own delivery of events costs, and with it the clock.
 *
 * on(clock) and off() switch a C profile function on and off in the running thread; nothing and
 * clock, from 3.12 on, are objects to be registered with sys.monitoring.  [gil] */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <time.h>

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

/* Calls of Python functions are told twice: CALL, (code, offset, callable, first), is not timed. */
static PyObject *
call_clock(PyObject *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    (void)self, (void)names;
    if (PyVectorcall_NARGS(count) < 4 || !PyFunction_Check(arguments[2]))
        read_clock();
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
start(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&nothing_spec);
    if (type == NULL)
        return -1;
    int result = add(module, type, "nothing", call_nothing);
    if (result == 0)
        result = add(module, type, "clock", call_clock);
    Py_DECREF(type);
    return result;
}

#else

static int
start(PyObject *module)
{
    (void)module;
    return 0;
}

#endif

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

static PyObject *
on(PyObject *module, PyObject *clock)
{
    (void)module;
    PyEval_SetProfile(clock == Py_True ? profile_clock : profile_nothing, NULL);
    Py_RETURN_NONE;
}

static PyObject *
off(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    PyEval_SetProfile(NULL, NULL);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"on", on, METH_O, NULL},
    {"off", off, METH_NOARGS, NULL},
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
