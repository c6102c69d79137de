/* look_alike.c — a built-in function that stands in for another one, and looks like it. */
#include "look_alike.h"

#define SLOTS 16

/* One stand-in.  Why static: its self is the original's, as a program may see, so it finds what
 * it stands for by its place here. */
static struct {
    PyMethodDef definition;
    PyObject *original, *instead, *made; /* owned, for ever */
} slots[SLOTS];
static int slots_used;

/* Call what is to be called instead, with the original before the arguments.  An error shows no
 * frame of ours, as a built-in's shows none. */
static PyObject *
call(int slot, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    Py_ssize_t all = count + (keywords == NULL ? 0 : PyTuple_GET_SIZE(keywords));
    PyObject **longer = PyMem_Calloc((size_t)all + 1, sizeof *longer);
    if (longer == NULL)
        return PyErr_NoMemory();
    longer[0] = slots[slot].original;
    for (Py_ssize_t i = 0; i < all; i++)
        longer[i + 1] = args[i];
    PyObject *result =
        PyObject_Vectorcall(slots[slot].instead, longer, (size_t)count + 1, keywords);
    PyMem_Free(longer);
    if (result == NULL) {
        PyObject *error = pk_error_take();
        PyException_SetTraceback(error, Py_None);
        pk_error_restore(error);
    }
    return result;
}

#define SLOT(number)                                                                             \
    static PyObject *call_##number(PyObject *self, PyObject *const *args, Py_ssize_t count,       \
                                   PyObject *keywords)                                           \
    {                                                                                            \
        (void)self;                                                                              \
        return call(number, args, count, keywords);                                              \
    }
SLOT(0)
SLOT(1)
SLOT(2)
SLOT(3)
SLOT(4)
SLOT(5)
SLOT(6)
SLOT(7)
SLOT(8)
SLOT(9)
SLOT(10)
SLOT(11)
SLOT(12)
SLOT(13)
SLOT(14)
SLOT(15)

/* CPython's own name for it came with 3.13. */
typedef PyObject *(*keyword_call)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);

static const keyword_call calls[SLOTS] = {call_0,  call_1,  call_2,  call_3,
                                          call_4,  call_5,  call_6,  call_7,
                                          call_8,  call_9,  call_10, call_11,
                                          call_12, call_13, call_14, call_15};

PyObject *
pk_look_alike(PyObject *original, PyObject *instead)
{
    if (!PyCFunction_CheckExact(original)) {
        PyErr_SetString(PyExc_TypeError, "only a built-in function can be stood in for");
        return NULL;
    }
    for (int slot = 0; slot < slots_used; slot++) {
        if (slots[slot].original == original) {
            Py_SETREF(slots[slot].instead, Py_NewRef(instead));
            return Py_NewRef(slots[slot].made);
        }
    }
    if (slots_used == SLOTS) {
        PyErr_SetString(PyExc_RuntimeError, "there is no room for another stand-in");
        return NULL;
    }
    const PyCFunctionObject *function = (PyCFunctionObject *)original;
    int slot = slots_used;
    PyMethodDef *definition = &slots[slot].definition;
    *definition = (PyMethodDef){
        .ml_name = function->m_ml->ml_name,
        .ml_meth = (PyCFunction)(void (*)(void))calls[slot],
        .ml_flags = METH_FASTCALL | METH_KEYWORDS,
        .ml_doc = function->m_ml->ml_doc,
    };
    PyObject *made = PyCFunction_NewEx(definition, function->m_self, function->m_module);
    if (made == NULL)
        return NULL;
    slots[slot].original = Py_NewRef(original);
    slots[slot].instead = Py_NewRef(instead);
    slots[slot].made = Py_NewRef(made);
    slots_used++;
    return made;
}
