/* names.c — labels, read from type slots only, so that no code of the program runs. */
#include "names.h"

#include <string.h>

#include "alloc.h"
#include "hooks.h"

int
pk_name_text(PyObject *string, pk_text *text)
{
    PyObject *escaped = NULL; /* owned */
    Py_ssize_t size;
    int result = -1;
    const char *bytes = PyUnicode_AsUTF8AndSize(string, &size);
    if (bytes == NULL) {
        PyErr_Clear();
        escaped = PyUnicode_AsEncodedString(string, "utf-8", "backslashreplace");
        if (escaped == NULL)
            goto done;
        bytes = PyBytes_AS_STRING(escaped);
        size = PyBytes_GET_SIZE(escaped);
    }
    if (size > UINT32_MAX / 2)
        size = UINT32_MAX / 2;
    text->bytes = pk_calloc(1, (size_t)size + 1);
    if (text->bytes == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    memcpy(text->bytes, bytes, (size_t)size);
    text->size = (uint32_t)size;
    result = 0;
done:
    Py_XDECREF(escaped);
    return result;
}

/* What a type or a base of it has under name, the first that is found; *method, if it is
 * not NULL, becomes the method whose definition is the given one.  NULL without an exception
 * if there is nothing.  Both owned. */
static PyObject *
find_attribute(PyTypeObject *type, PyObject *name, const PyMethodDef *definition,
               PyObject **method)
{
    PyObject *found = NULL; /* owned, handed to the caller */
    PyObject *bases = Py_XNewRef(type->tp_mro); /* a key that is compared may run anything */
    for (Py_ssize_t i = 0; bases != NULL && i < PyTuple_GET_SIZE(bases); i++) {
        PyObject *dict = pk_type_dict((PyTypeObject *)PyTuple_GET_ITEM(bases, i));
        PyObject *value = dict ? PyDict_GetItemWithError(dict, name) : NULL;
        PyErr_Clear();
        if (value != NULL && found == NULL)
            found = Py_NewRef(value);
        if (value != NULL && *method == NULL && Py_IS_TYPE(value, &PyMethodDescr_Type) &&
            ((PyMethodDescrObject *)value)->d_method == definition)
            *method = Py_NewRef(value);
        Py_XDECREF(dict);
    }
    Py_XDECREF(bases);
    return found;
}

/* Whether the repr() of an object runs no code of the program. */
static bool
is_plain(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    return type == &PyMethodDescr_Type || type == &PyClassMethodDescr_Type ||
           type == &PyWrapperDescr_Type || type == &PyCFunction_Type || type == &PyFunction_Type;
}

/* The label of a built-in function, by the module that it is of. */
static PyObject *
module_label(PyCFunctionObject *function)
{
    PyObject *module = function->m_module;
    if (module != NULL && PyUnicode_Check(module))
        return PyUnicode_FromFormat("<built-in method %U.%s>", module, function->m_ml->ml_name);
    return PyUnicode_FromFormat("<built-in method %s>", function->m_ml->ml_name);
}

/* The label of a function without an object it is bound to. */
static PyObject *
unbound_label(PyCFunctionObject *function)
{
    PyObject *module = function->m_module;
    if (module != NULL && PyUnicode_Check(module) &&
        PyUnicode_CompareWithASCIIString(module, "builtins") != 0)
        return PyUnicode_FromFormat("<%U.%s>", module, function->m_ml->ml_name);
    return PyUnicode_FromFormat("<%s>", function->m_ml->ml_name);
}

/* What an object's type has under the name of a C function, if its repr() runs no code of
 * the program, else NULL; and in *pin, if there is one, the method that definition is of.
 * Without an exception.  Both owned. */
static PyObject *
attribute_of(PyObject *object, const PyMethodDef *definition, PyObject **pin)
{
    PyObject *found = NULL; /* owned, handed to the caller */
    PyObject *name = PyUnicode_FromString(definition->ml_name);
    if (name != NULL)
        found = find_attribute(Py_TYPE(object), name, definition, pin);
    Py_XDECREF(name);
    if (found != NULL && !is_plain(found))
        Py_CLEAR(found);
    PyErr_Clear();
    return found;
}

/* The label of a built-in that is called with first, or bound to an object; and in *pin
 * what keeps its definition alive: the method of the type where there is one, so that the
 * object it is bound to may go.  Both owned. */
static PyObject *
builtin_label(PyObject *callable, PyObject *first, PyObject **pin)
{
    PyCFunctionObject *function = PyCFunction_Check(callable) ? (void *)callable : NULL;
    PyObject *object = function != NULL ? function->m_self : first;
    const PyMethodDef *definition =
        function != NULL ? function->m_ml : ((PyMethodDescrObject *)callable)->d_method;
    PyObject *found = object == NULL ? NULL : attribute_of(object, definition, pin);
    PyObject *label;
    if (found != NULL)
        label = Py_TYPE(found)->tp_repr(found); /* also where recursion is at its limit */
    else if (function == NULL)
        label = Py_TYPE(callable)->tp_repr(callable); /* of a method descriptor */
    else
        label = object == NULL ? unbound_label(function) : module_label(function);
    if (*pin == NULL)
        *pin = Py_NewRef(callable);
    Py_XDECREF(found);
    return label;
}

PyObject *
pk_name_shown(const pk_function *function)
{
    PyObject *ref = function->ref;
    return function->kind == PK_PYTHON_FUNCTION ? ref : PyTuple_GET_ITEM(ref, 0);
}

static int
name_builtin(pk_function *function, PyObject *callable, PyObject *first)
{
    PyObject *pin = NULL; /* owned */
    PyObject *label = builtin_label(callable, first, &pin); /* owned */
    if (label != NULL && pk_name_text(label, &function->name) == 0)
        function->ref = PyTuple_Pack(2, label, pin);
    Py_XDECREF(label);
    Py_XDECREF(pin);
    return function->ref == NULL ? -1 : 0;
}

int32_t
pk_code_start(PyCodeObject *code)
{
#if PK_HAS_MONITORING
    (void)code;
#else
    enum { RESUME = 151 }; /* the first one is executed at the start */
    PyObject *bytes = PyCode_GetCode(code);
    if (bytes != NULL) {
        const unsigned char *at = (const unsigned char *)PyBytes_AS_STRING(bytes);
        for (Py_ssize_t i = 0; i + 1 < PyBytes_GET_SIZE(bytes); i += 2)
            if (at[i] == RESUME) {
                Py_DECREF(bytes);
                return (int32_t)i;
            }
        Py_DECREF(bytes);
    }
    PyErr_Clear();
#endif
    return -1;
}

static int
name_code(const pk_state *state, pk_function *function, PyCodeObject *code)
{
    function->line = code->co_firstlineno;
    function->generator = pk_code_is_generator(code);
    if (function->generator)
        function->start = pk_code_start(code);
    if (state->hidden != NULL)
        function->hidden =
            PyUnicode_Tailmatch(code->co_filename, state->hidden, 0, PY_SSIZE_T_MAX, -1) == 1;
    if (pk_name_text(code->co_name, &function->name) < 0 ||
        pk_name_text(pk_code_qualified_name(code), &function->qualified_name) < 0 ||
        pk_name_text(code->co_filename, &function->file) < 0)
        return -1;
    function->ref = Py_NewRef((PyObject *)code);
    return 0;
}

/* A built-in has one name and no file. */
static int
copy_text(pk_text *to, const char *bytes, uint32_t size)
{
    to->bytes = pk_calloc(1, (size_t)size + 1);
    if (to->bytes == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(to->bytes, bytes, size);
    to->size = size;
    return 0;
}

int
pk_name_function(const pk_state *state, pk_function *function, PyObject *object,
                 PyObject *first, pk_function_kind kind)
{
    int result;
    function->kind = kind;
    if (kind == PK_PYTHON_FUNCTION) {
        result = name_code(state, function, (PyCodeObject *)object);
    } else {
        result = name_builtin(function, object, first);
        if (result == 0)
            result = copy_text(&function->qualified_name, function->name.bytes,
                               function->name.size);
        if (result == 0)
            result = copy_text(&function->file, "~", 1);
    }
    if (result < 0) {
        free(function->name.bytes);
        free(function->qualified_name.bytes);
        free(function->file.bytes);
        Py_XDECREF((PyObject *)function->ref);
    }
    return result;
}

/* What dict has under key; NULL, perhaps with an exception, if there is nothing, or it is no
 * dict.  Steals key, which may be NULL.  Owned. */
static PyObject *
item_of(PyObject *dict, PyObject *key)
{
    PyObject *value = key != NULL && dict != NULL && PyDict_CheckExact(dict)
                          ? PyDict_GetItemWithError(dict, key)
                          : NULL;
    Py_XINCREF(value);
    Py_XDECREF(key);
    return value;
}

PyObject *
pk_imported_module(PyObject *name)
{
    PyObject *module = item_of(PyImport_GetModuleDict(), Py_XNewRef(name));
    PyErr_Clear();
    if (module != NULL && !PyModule_CheckExact(module))
        Py_CLEAR(module);
    return module;
}

PyObject *
pk_name_this_thread(unsigned long ident)
{
    PyObject *name = NULL; /* owned, handed to the caller */
    PyObject *threading_name = PyUnicode_InternFromString("threading"); /* owned, as all below */
    PyObject *threading = pk_imported_module(threading_name);
    Py_XDECREF(threading_name);
    if (threading != NULL) {
        PyObject *active =
            item_of(PyModule_GetDict(threading), PyUnicode_InternFromString("_active"));
        PyObject *thread = item_of(active, PyLong_FromUnsignedLong(ident));
        PyObject *key = thread == NULL ? NULL : PyUnicode_InternFromString("_name");
        if (key != NULL)
            name = PyObject_GenericGetAttr(thread, key);
        Py_XDECREF(key);
        Py_XDECREF(thread);
        Py_XDECREF(active);
        Py_DECREF(threading);
    }
    if (name != NULL && !PyUnicode_Check(name))
        Py_CLEAR(name);
    PyErr_Clear();
    return name;
}
