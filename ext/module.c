/* module.c — the module pikos._lsprof. */
#include "endings.h"
#include "fork_calls.h"
#include "forks.h"
#include "hooks.h"
#include "profiler.h"
#include "publishing.h"
#include "stats.h"
#include "threads.h"
#include "wire_tables.h"

PyDoc_STRVAR(bind_libzmq_doc, "bind_libzmq(path)\n--\n\n"
"Choose the libzmq that publishing uses.\n\n"
"Parameters\n----------\n"
"path : str or None\n    A shared library, or None for the one that the extension is linked with.\n\n"
"Raises\n------\n"
"OSError\n    If it cannot be loaded, or is older than 4.3.3.");

static PyObject *
bind_libzmq(PyObject *module, PyObject *path)
{
    if (pk_publishing_bind(PyModule_GetState(module), path) < 0)
        return NULL;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(libzmq_doc, "libzmq()\n--\n\n"
"Which libzmq is used.\n\n"
"Returns\n-------\n"
"dict\n    how ('linked', 'bound' or 'unbound'), version, path, curve (whether it can encrypt).");

static PyObject *
libzmq(PyObject *module, PyObject *unused)
{
    (void)unused;
    return pk_publishing_libzmq(PyModule_GetState(module));
}

PyDoc_STRVAR(clock_doc, "clock()\n--\n\n"
"What wall time is read from.\n\n"
"Returns\n-------\n"
"tuple of str\n    'tsc' or 'monotonic', and why.");

static PyObject *
clock_facts(PyObject *module, PyObject *unused)
{
    (void)unused;
    return pk_clock_facts(PyModule_GetState(module));
}

PyDoc_STRVAR(mechanism_doc, "mechanism()\n--\n\n"
"What delivers the events.\n\n"
"Returns\n-------\n"
"tuple of str\n    Its name, and why it was chosen.");

static PyObject *
mechanism(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return Py_BuildValue("ss", pk_events_name, pk_events_reason);
}

PyDoc_STRVAR(active_doc, "active()\n--\n\n"
"The profiler that is enabled.\n\n"
"Returns\n-------\n"
"Profiler or None");

static PyObject *
active(PyObject *module, PyObject *unused)
{
    (void)unused;
    pk_state *state = PyModule_GetState(module);
    pk_profiler_end_inherited(state);
    return Py_NewRef(state->active == NULL ? Py_None : (PyObject *)state->active);
}

PyDoc_STRVAR(built_with_doc, "built_with()\n--\n\n"
"What the extension was built with.\n\n"
"Returns\n-------\n"
"dict\n    compiler, and libzmq: the version of its header, or None if it was not linked.");

static PyObject *
built_with(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    const char *header = pk_zmq_header();
    PyObject *version = header != NULL ? PyUnicode_FromString(header) : Py_NewRef(Py_None);
#ifdef __VERSION__
    const char *compiler = __VERSION__;
#else
    const char *compiler = "unknown";
#endif
    return Py_BuildValue("{s:s,s:N}", "compiler", compiler, "libzmq", version);
}

PyDoc_STRVAR(hide_doc, "hide(directory)\n--\n\n"
"Leave out calls of Python functions in files below a directory: the profiler's own.\n\n"
"Parameters\n----------\n"
"directory : str\n    What their file names begin with.");

static PyObject *
hide(PyObject *module, PyObject *directory)
{
    pk_state *state = PyModule_GetState(module);
    if (!PyUnicode_Check(directory)) {
        PyErr_SetString(PyExc_TypeError, "directory must be a str");
        return NULL;
    }
    Py_XSETREF(state->hidden, Py_NewRef(directory));
    Py_RETURN_NONE;
}

PyDoc_STRVAR(let_go_doc, "let_go()\n--\n\n"
"Let go at once of the events that are kept for a second after disable(), and of their tool id.");

static PyObject *
let_go(PyObject *module, PyObject *unused)
{
    (void)unused;
    if (pk_events_let_go(PyModule_GetState(module)) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef module_methods[] = {
    {"let_go", let_go, METH_NOARGS, let_go_doc},
    {"bind_libzmq", bind_libzmq, METH_O, bind_libzmq_doc},
    {"libzmq", libzmq, METH_NOARGS, libzmq_doc},
    {"clock", clock_facts, METH_NOARGS, clock_doc},
    {"mechanism", mechanism, METH_NOARGS, mechanism_doc},
    {"active", active, METH_NOARGS, active_doc},
    {"built_with", built_with, METH_NOARGS, built_with_doc},
    {"hide", hide, METH_O, hide_doc},
    {NULL, NULL, 0, NULL},
};

/* Profilers, threads and hooks belong to the process: one interpreter may use them. */
static int
refuse_subinterpreter(void)
{
    if (PyInterpreterState_Get() == PyInterpreterState_Main())
        return 0;
    PyErr_SetString(PyExc_ImportError,
                    "pikos._lsprof works in the main interpreter only; profile there");
    return -1;
}

/* Make the type Profiler and add it to the module.  0, or −1 with an exception. */
static int
add_profiler_type(PyObject *module, pk_state *state)
{
    PyObject *name = PyModule_GetNameObject(module); /* owned */
    int result = -1;
    state->profiler_type =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &pk_profiler_spec, NULL);
    if (name != NULL && state->profiler_type != NULL &&
        PyObject_SetAttrString((PyObject *)state->profiler_type, "__module__", name) == 0)
        result = PyModule_AddType(module, state->profiler_type);
    Py_XDECREF(name);
    return result;
}

static int
module_exec(PyObject *module)
{
    pk_state *state = PyModule_GetState(module);
    if (refuse_subinterpreter() < 0)
        return -1;
    pk_clock_anchor(&state->clock);
    state->modules = Py_NewRef(PyImport_GetModuleDict());
    state->greenlet = PyUnicode_InternFromString("greenlet");
    if (state->greenlet == NULL || pk_threads_start() < 0 || pk_forks_start(module) < 0 || pk_stats_start(state) < 0)
        return -1;
    if (add_profiler_type(module, state) < 0 || PyModule_AddType(module, state->entry_type) < 0 ||
        PyModule_AddType(module, state->subentry_type) < 0)
        return -1;
    if (PyModule_AddFunctions(module, pk_endings_methods) < 0 ||
        PyModule_AddFunctions(module, pk_fork_calls_methods) < 0 ||
        PyModule_AddStringConstant(module, "TABLES_JSON", PK_TABLES_JSON) < 0)
        return -1;
#if PK_HAS_MONITORING
    state->hook_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &pk_hook_spec, NULL);
    state->monitoring = Py_XNewRef(PySys_GetObject("monitoring"));
    if (state->hook_type == NULL)
        return -1;
    if (state->monitoring == NULL) {
        PyErr_SetString(PyExc_ImportError, "pikos._lsprof needs sys.monitoring, which is gone");
        return -1;
    }
#endif
#if PK_LINK_ZMQ
    if (pk_publishing_bind(state, Py_None) < 0)
        return -1;
#endif
    return 0;
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    pk_state *state = PyModule_GetState(module);
    Py_VISIT(state->profiler_type);
    Py_VISIT(state->hook_type);
    Py_VISIT(state->monitoring);
    Py_VISIT(state->hooks);
    Py_VISIT(state->entry_type);
    Py_VISIT(state->subentry_type);
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};

PyModuleDef pk_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "pikos._lsprof",
    .m_doc = "The real-time profiler: exact counts of calls, and the thread that publishes them.",
    .m_size = sizeof(pk_state),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
};

PyMODINIT_FUNC
PyInit__lsprof(void)
{
    return PyModuleDef_Init(&pk_module);
}
