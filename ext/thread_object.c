/* thread_object.c — threading's object of a thread, where its list has none or an old one. */
#include "thread_object.h"

#include <string.h>

PyFrameObject *
pk_thread_first_frame(void)
{
    PyFrameObject *frame = (PyFrameObject *)Py_XNewRef((PyObject *)PyEval_GetFrame());
    PyFrameObject *back = frame == NULL ? NULL : PyFrame_GetBack(frame);
    while (back != NULL) {
        Py_DECREF(frame);
        frame = back;
        back = PyFrame_GetBack(frame);
    }
    return frame;
}

PyObject *
pk_thread_begun(PyFrameObject *first)
{
    PyCodeObject *code = PyFrame_GetCode(first);
    bool begun = PyUnicode_CompareWithASCIIString(pk_code_qualified_name(code),
                                                  "Thread._bootstrap") == 0;
    Py_DECREF(code);
    return begun ? pk_frame_variable(first, "self") : NULL;
}

PyObject *
pk_thread_listed(PyObject *active, unsigned long ident, bool *stands_in)
{
    PyObject *key = PyLong_FromUnsignedLong(ident);
    PyObject *thread = key == NULL ? NULL : Py_XNewRef(PyDict_GetItemWithError(active, key));
    Py_XDECREF(key);
    *stands_in = thread != NULL && strcmp(Py_TYPE(thread)->tp_name, "_DummyThread") == 0;
    return thread;
}

/* Whether a stand-in was made in the running thread.  False, perhaps with an exception, if not. */
static bool
is_own(PyObject *stand_in)
{
#ifdef PY_HAVE_THREAD_NATIVE_ID
    PyObject *key = PyUnicode_InternFromString("_native_id");
    PyObject *id = key == NULL ? NULL : PyObject_GenericGetAttr(stand_in, key);
    bool own = id != NULL && PyLong_Check(id) &&
               PyLong_AsUnsignedLong(id) == PyThread_get_thread_native_id();
    Py_XDECREF(key);
    Py_XDECREF(id);
    return own;
#else
    (void)stand_in;
    return true;
#endif
}

PyObject *
pk_thread_object(PyObject *active, bool *foreign)
{
    bool stands_in;
    PyObject *listed = pk_thread_listed(active, PyThread_get_thread_ident(), &stands_in);
    if (stands_in && !is_own(listed))
        Py_CLEAR(listed);
    if (listed != NULL || *foreign || PyErr_Occurred())
        return listed;
    PyFrameObject *first = pk_thread_first_frame(); /* owned, as begun */
    PyObject *begun = first == NULL ? NULL : pk_thread_begun(first);
    *foreign = first != NULL && begun == NULL && !PyErr_Occurred();
    Py_XDECREF(first);
    return begun;
}
