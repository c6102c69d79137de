/* names.c — labels, read from type slots only, so that no code of the program runs. */
#include "names.h"

#include <string.h>

#include "alloc.h"
#include "hooks.h"
#include "thread_object.h"

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

/* Whether an attribute of a type is the method of a definition. */
static bool
is_method_of(PyObject *value, const PyMethodDef *definition)
{
    return (Py_IS_TYPE(value, &PyMethodDescr_Type) ||
            Py_IS_TYPE(value, &PyClassMethodDescr_Type)) &&
           ((PyMethodDescrObject *)value)->d_method == definition;
}

/* What a type or a base of it has under name, the first that is found; *method, if it is
 * NULL, becomes the method whose definition is the given one.  NULL without an exception
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
        if (value != NULL && *method == NULL && is_method_of(value, definition))
            *method = Py_NewRef(value);
        Py_XDECREF(dict);
    }
    Py_XDECREF(bases);
    return found;
}

/* The label of an attribute of a type as cProfile writes it, with the address that it gives
 * to some, without running code of the program; NULL, perhaps with an exception, if there is
 * none. */
static PyObject *
attribute_label(PyObject *attribute)
{
    PyTypeObject *type = Py_TYPE(attribute);
    if (type == &PyFunction_Type)
        return PyUnicode_FromFormat("<function %U at %p>",
                                    ((PyFunctionObject *)attribute)->func_qualname,
                                    (void *)attribute);
    if (type == &PyCFunction_Type) {
        PyCFunctionObject *function = (void *)attribute;
        PyObject *self = function->m_self;
        const char *name = function->m_ml->ml_name;
        if (self == NULL || PyModule_Check(self))
            return PyUnicode_FromFormat("<built-in function %s>", name);
        return PyUnicode_FromFormat("<built-in method %s of %s object at %p>", name,
                                    Py_TYPE(self)->tp_name, (void *)self);
    }
    if (type == &PyMethodDescr_Type || type == &PyClassMethodDescr_Type ||
        type == &PyWrapperDescr_Type)
        return type->tp_repr(attribute); /* also where recursion is at its limit */
    return NULL;
}

/* The module of a built-in function, a str, or NULL.  Borrowed. */
static PyObject *
module_of(const PyCFunctionObject *function)
{
    PyObject *module = function->m_module;
    return module != NULL && PyUnicode_Check(module) ? module : NULL;
}

static bool
is_builtins(PyObject *module)
{
    return PyUnicode_CompareWithASCIIString(module, "builtins") == 0;
}

/* The label of a built-in function whose type has no attribute of its name. */
static PyObject *
function_label(const PyCFunctionObject *function)
{
    PyObject *module = module_of(function);
    const char *name = function->m_ml->ml_name;
    if (function->m_self == NULL) {
        if (module != NULL && !is_builtins(module))
            return PyUnicode_FromFormat("<%U.%s>", module, name);
        return PyUnicode_FromFormat("<%s>", name);
    }
    if (module != NULL)
        return PyUnicode_FromFormat("<built-in method %U.%s>", module, name);
    return PyUnicode_FromFormat("<built-in method %s>", name);
}

/* A label without its address, which means nothing to another process.  Owned, or NULL. */
static PyObject *
without_address(PyObject *label)
{
    PyObject *mark = PyUnicode_FromString(" at 0x"); /* owned */
    if (mark == NULL)
        return NULL;
    PyObject *start = NULL, *plain = NULL; /* start owned, plain handed out */
    Py_ssize_t size = PyUnicode_GET_LENGTH(label), at = PyUnicode_Find(label, mark, 0, size, -1);
    if (at == -1)
        plain = Py_NewRef(label);
    else if (at >= 0 && (start = PyUnicode_Substring(label, 0, at)) != NULL)
        plain = PyUnicode_FromFormat("%U>", start);
    Py_XDECREF(start);
    Py_DECREF(mark);
    return plain;
}

/* The name that people see: the type that defines a method, or the module, and the name;
 * method is the type's method, or NULL if there is none. */
static PyObject *
plain_name(PyObject *callable, PyObject *method)
{
    if (method != NULL)
        return PyUnicode_FromFormat("%s.%s", PyDescr_TYPE(method)->tp_name,
                                    ((PyMethodDescrObject *)method)->d_method->ml_name);
    PyCFunctionObject *function = (void *)callable; /* any other callable is a method */
    PyObject *module = module_of(function), *self = function->m_self;
    const char *name = function->m_ml->ml_name;
    if (module != NULL)
        return is_builtins(module) ? PyUnicode_FromString(name)
                                   : PyUnicode_FromFormat("%U.%s", module, name);
    if (self == NULL)
        return PyUnicode_FromString(name);
    bool is_static = PyType_Check(self) && strcmp(name, "__new__") != 0; /* types share that */
    const PyTypeObject *type = is_static ? (PyTypeObject *)self : Py_TYPE(self);
    if (PyType_Check(self) && !is_static)
        type = &PyType_Type; /* whichever metaclass the first one has */
    return PyUnicode_FromFormat("%s.%s", type->tp_name, name);
}

/* The method of a type that a built-in function is, or NULL, without an exception; *label
 * becomes what cProfile calls it.  first is what it is called with, or NULL.  Both owned. */
static PyObject *
method_of(PyObject *callable, PyObject *first, PyObject **label)
{
    PyCFunctionObject *function = PyCFunction_Check(callable) ? (void *)callable : NULL;
    PyObject *object = function != NULL ? function->m_self : first;
    PyObject *method = function == NULL ? Py_NewRef(callable) : NULL; /* owned, handed out */
    const PyMethodDef *definition =
        function != NULL ? function->m_ml : ((PyMethodDescrObject *)callable)->d_method;
    PyObject *name = object == NULL ? NULL : PyUnicode_FromString(definition->ml_name);
    PyObject *found = NULL; /* owned */
    if (name != NULL)
        found = find_attribute(Py_TYPE(object), name, definition, &method);
    if (found != NULL)
        *label = attribute_label(found);
    Py_XDECREF(found);
    if (name != NULL && method == NULL && PyType_Check(object)) /* a class method */
        Py_XDECREF(find_attribute((PyTypeObject *)object, name, definition, &method));
    Py_XDECREF(name);
    PyErr_Clear();
    return method;
}

PyObject *
pk_name_shown(const pk_function *function)
{
    PyObject *ref = function->ref;
    return function->kind == PK_PYTHON_FUNCTION ? ref : PyTuple_GET_ITEM(ref, 0);
}

/* The reference kept is the label, and what keeps the definition alive: the method of the type
 * where there is one, so that the object it is bound to may go. */
static int
name_builtin(pk_function *function, PyObject *callable, PyObject *first)
{
    PyObject *label = NULL, *plain = NULL, *name = NULL;   /* owned */
    PyObject *method = method_of(callable, first, &label); /* owned */
    if (label == NULL)
        label = PyCFunction_Check(callable) ? function_label((void *)callable)
                                            : attribute_label(callable);
    if (label != NULL && (plain = without_address(label)) != NULL)
        name = plain_name(callable, method);
    if (name != NULL && pk_name_text(plain, &function->name) == 0 &&
        pk_name_text(name, &function->qualified_name) == 0)
        function->ref = PyTuple_Pack(2, label, method != NULL ? method : callable);
    Py_XDECREF(label);
    Py_XDECREF(plain);
    Py_XDECREF(name);
    Py_XDECREF(method);
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

/* Name the file of a function that has none. */
static int
name_no_file(pk_function *function)
{
    function->file.bytes = pk_calloc(1, sizeof("~"));
    if (function->file.bytes == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    function->file.bytes[0] = '~';
    function->file.size = 1;
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
            result = name_no_file(function);
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
pk_imported_module(const pk_state *state, PyObject *name)
{
    PyObject *module = item_of(state->modules, Py_XNewRef(name));
    PyErr_Clear();
    if (module != NULL && !PyModule_CheckExact(module))
        Py_CLEAR(module);
    return module;
}

/* The name of an object of threading, a str, or NULL without an exception.  Owned. */
static PyObject *
name_of(PyObject *thread)
{
    PyObject *key = thread == NULL ? NULL : PyUnicode_InternFromString("_name");
    PyObject *name = key == NULL ? NULL : PyObject_GenericGetAttr(thread, key);
    Py_XDECREF(key);
    if (name != NULL && !PyUnicode_Check(name))
        Py_CLEAR(name);
    PyErr_Clear();
    return name;
}

/* threading._active, a dict, or NULL without an exception.  Owned. */
static PyObject *
listed_threads(const pk_state *state)
{
    PyObject *name = PyUnicode_InternFromString("threading"); /* owned, as all below */
    PyObject *threading = pk_imported_module(state, name);
    PyObject *active = threading == NULL ? NULL
                                         : item_of(PyModule_GetDict(threading),
                                                   PyUnicode_InternFromString("_active"));
    if (active != NULL && !PyDict_CheckExact(active))
        Py_CLEAR(active);
    Py_XDECREF(name);
    Py_XDECREF(threading);
    PyErr_Clear();
    return active;
}

PyObject *
pk_name_this_thread(const pk_state *state)
{
    bool foreign = false;
    PyObject *active = listed_threads(state); /* owned, as thread */
    PyObject *thread = active == NULL ? NULL : pk_thread_object(active, &foreign);
    PyObject *name = name_of(thread);
    Py_XDECREF(thread);
    Py_XDECREF(active);
    return name;
}

PyObject *
pk_name_other_thread(const pk_state *state, unsigned long ident)
{
    bool stands_in = false;
    PyObject *active = listed_threads(state); /* owned, as thread */
    PyObject *thread = active == NULL ? NULL : pk_thread_listed(active, ident, &stands_in);
    PyObject *name = stands_in ? NULL : name_of(thread);
    Py_XDECREF(thread);
    Py_XDECREF(active);
    return name;
}

PyObject *
pk_name_thread_kind(bool *named)
{
    PyFrameObject *first = pk_thread_first_frame(); /* owned, as all below */
    *named = false;
    if (first == NULL)
        return NULL;
    PyObject *thread = pk_thread_begun(first);
    PyObject *name = name_of(thread); /* handed to the caller */
    Py_XDECREF(thread);
    *named = name != NULL;
    if (name == NULL) {
        PyCodeObject *code = PyFrame_GetCode(first);
        name = Py_NewRef(pk_code_qualified_name(code));
        Py_DECREF(code);
    }
    Py_DECREF(first);
    return name;
}
