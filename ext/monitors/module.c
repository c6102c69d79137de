/* module.c — the module pikos._events. */
#include "events.h"

#include "endings.h"
#include "fork_calls.h"

pk_known pk_events;
pk_listening pk_listeners;

PyDoc_STRVAR(listen_doc,
"listen(functions, lines, nobody=None, /)\n--\n\n"
"Tell these recordings and calls, two tuples, of function events and of lines from now on; nobody\n"
"is called at an event for which there are none, once a second and not before a second has passed.");

/* Whether an object is a tuple of recordings and calls; else raises. */
static bool
are_listeners(PyObject *listeners)
{
    bool good = PyTuple_Check(listeners);
    for (Py_ssize_t i = 0; good && i < PyTuple_GET_SIZE(listeners); i++) {
        PyObject *listener = PyTuple_GET_ITEM(listeners, i);
        good = Py_IS_TYPE(listener, &pk_recording_type) || Py_IS_TYPE(listener, &pk_calls_type);
    }
    if (!good)
        PyErr_SetString(PyExc_TypeError, "listen() takes two tuples of recordings and calls");
    return good;
}

static PyObject *
listen(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *functions, *lines, *nobody = Py_None;
    if (!PyArg_ParseTuple(arguments, "OO|O:listen", &functions, &lines, &nobody) ||
        !are_listeners(functions) || !are_listeners(lines))
        return NULL;
    Py_XSETREF(pk_listeners.functions, Py_NewRef(functions));
    Py_XSETREF(pk_listeners.lines, Py_NewRef(lines));
    Py_XSETREF(pk_listeners.nobody, Py_NewRef(nobody));
    pk_listeners.since_ns = pk_now_ns();
    Py_RETURN_NONE;
}

PyDoc_STRVAR(configure_doc,
"configure(directory, hidden, threads, read_source, no_source, of_the_program, file_names)\n--\n\n"
"Say what is not recorded, and where names of threads and lines of sources come from.\n\n"
"directory is Pikos's own, hidden a dictionary of idents of threads, threads the one of\n"
"threading; read_source is given a file's name and the globals of its code, of_the_program an\n"
"exception: whether it is the program's, with our frames left out of its traceback.  file_names\n"
"are those that records have, by those in the code, where they differ.");

static PyObject *
configure(PyObject *module, PyObject *arguments, PyObject *keywords)
{
    (void)module;
    PyObject *directory, *hidden, *threads, *read_source, *no_source, *of_the_program, *file_names;
    static char *known[] = {"directory", "hidden", "threads", "read_source", "no_source",
                            "of_the_program", "file_names", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "UO!O!OUOO!:configure", known, &directory,
                                     &PyDict_Type, &hidden, &PyDict_Type, &threads, &read_source,
                                     &no_source, &of_the_program, &PyDict_Type, &file_names))
        return NULL;
    Py_XSETREF(pk_events.directory, Py_NewRef(directory));
    Py_XSETREF(pk_events.hidden, Py_NewRef(hidden));
    Py_XSETREF(pk_events.threads, Py_NewRef(threads));
    Py_XSETREF(pk_events.read_source, Py_NewRef(read_source));
    Py_XSETREF(pk_events.no_source, Py_NewRef(no_source));
    Py_XSETREF(pk_events.of_the_program, Py_NewRef(of_the_program));
    Py_XSETREF(pk_events.file_names, Py_NewRef(file_names));
    Py_RETURN_NONE;
}

PyDoc_STRVAR(room_is_short_doc,
"room_is_short()\n--\n\n"
"Tell whether the event that the running thread is at came so near to the limit of recursion that\n"
"a RecursionError is the program's.");

static PyObject *
room_is_short(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return PyBool_FromLong(pk_shield_was_short_of_room());
}

static PyMethodDef module_methods[] = {
    {"room_is_short", room_is_short, METH_NOARGS, room_is_short_doc},
    {"listen", listen, METH_VARARGS, listen_doc},
    {"configure", (PyCFunction)(void (*)(void))configure, METH_VARARGS | METH_KEYWORDS,
     configure_doc},
    {NULL, NULL, 0, NULL},
};

/* What the module is told is the process's: one interpreter may use it. */
static int
refuse_subinterpreter(void)
{
    if (PyInterpreterState_Get() == PyInterpreterState_Main())
        return 0;
    PyErr_SetString(PyExc_ImportError,
                    "pikos._events works in the main interpreter only; monitor there");
    return -1;
}

/* Make the names of the kinds of events, and say which they are. */
static int
make_kinds(void)
{
    static const char *const kinds[] = {
        [PK_CALL] = "call",         [PK_RETURN] = "return",           [PK_C_CALL] = "c_call",
        [PK_C_RETURN] = "c_return", [PK_C_EXCEPTION] = "c_exception", [PK_LINE_EVENT] = "line",
    };
    if (pk_events.name == NULL)
        pk_events.name = PyUnicode_InternFromString("_name");
    if (pk_events.name == NULL)
        return -1;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (pk_events.kinds[i] == NULL)
            pk_events.kinds[i] = PyUnicode_InternFromString(kinds[i]);
        if (pk_events.kinds[i] == NULL)
            return -1;
    }
    return 0;
}

/* Say which fields there are, by their numbers, and whether memory can be read. */
static int
add_facts(PyObject *module)
{
    PyObject *fields = PyTuple_New(PK_FIELD_COUNT);
    for (Py_ssize_t i = 0; i < PK_FIELD_COUNT && fields != NULL; i++) {
        PyObject *name = PyUnicode_InternFromString(pk_field_names[i]);
        if (name == NULL)
            Py_CLEAR(fields);
        else
            PyTuple_SET_ITEM(fields, i, name);
    }
    int result = fields == NULL ? -1 : PyModule_AddObjectRef(module, "FIELDS", fields);
    Py_XDECREF(fields);
    pk_memory memory;
    pk_memory_open(&memory);
    PyObject *is_read = memory.descriptor >= 0 ? Py_True : Py_False;
    pk_memory_close(&memory);
    return result < 0 ? -1 : PyModule_AddObjectRef(module, "MEMORY_IS_READ", is_read);
}

static int
module_exec(PyObject *module)
{
    static PyTypeObject *const types[] = {&pk_counter_type, &pk_layout_type,    &pk_format_type,
                                          &pk_rows_type,    &pk_text_file_type, &pk_recording_type,
                                          &pk_calls_type};
    if (refuse_subinterpreter() < 0 || make_kinds() < 0 || pk_sites_start() < 0)
        return -1;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (PyModule_AddType(module, types[i]) < 0)
            return -1;
    if (add_facts(module) < 0 || PyModule_AddFunctions(module, pk_endings_methods) < 0 ||
        PyModule_AddFunctions(module, pk_fork_calls_methods) < 0)
        return -1;
    pk_listeners.functions = PyTuple_New(0);
    pk_listeners.lines = PyTuple_New(0);
    pk_listeners.nobody = Py_NewRef(Py_None);
    if (pk_listeners.functions == NULL || pk_listeners.lines == NULL)
        return -1;
    return pk_mechanism_start(module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};

static PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "pikos._events",
    .m_doc = "The monitors' event source in C.",
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC
PyInit__events(void)
{
    return PyModuleDef_Init(&module_definition);
}
