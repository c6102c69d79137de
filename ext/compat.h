/* compat.h — the few things that differ between interpreters, or are not public.  [gil] */
#ifndef PK_COMPAT_H
#define PK_COMPAT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <frameobject.h>
#include <stdbool.h>

/* sys.monitoring is there from 3.12 on; before, the C profile function is. */
#define PK_HAS_MONITORING (PY_VERSION_HEX >= 0x030C0000)

/* The qualified name of a code object.  Borrowed. */
static inline PyObject *
pk_code_qualified_name(PyCodeObject *code)
{
    return code->co_qualname;
}

/* Whether a call of the code may be resumed. */
static inline bool
pk_code_is_generator(PyCodeObject *code)
{
    return (code->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)) != 0;
}

/* The dictionary of a type, or NULL.  Owned by the caller. */
static inline PyObject *
pk_type_dict(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030C0000
    return PyType_GetDict(type);
#else
    return Py_XNewRef(type->tp_dict);
#endif
}

/* Set aside the pending exception; NULL if there is none.  Owned by the caller. */
static inline PyObject *
pk_error_take(void)
{
#if PY_VERSION_HEX >= 0x030C0000
    return PyErr_GetRaisedException();
#else
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (type == NULL)
        return NULL;
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL)
        PyException_SetTraceback(value, traceback);
    Py_DECREF(type);
    Py_XDECREF(traceback);
    return value;
#endif
}

/* Put back what pk_error_take() gave, whatever has been raised since.  Steals error. */
static inline void
pk_error_restore(PyObject *error)
{
#if PY_VERSION_HEX >= 0x030C0000
    PyErr_SetRaisedException(error);
#else
    if (error == NULL) {
        PyErr_Clear();
        return;
    }
    PyErr_Restore(Py_NewRef(Py_TYPE(error)), error, PyException_GetTraceback(error));
#endif
}

/* What a local variable of a frame holds, or NULL, perhaps with an exception.  Runs no code
 * of the program but for the garbage collector.  Owned by the caller. */
static inline PyObject *
pk_frame_variable(PyFrameObject *frame, const char *name)
{
#if PY_VERSION_HEX >= 0x030C0000
    return PyFrame_GetVarString(frame, name);
#else
    PyObject *locals = PyFrame_GetLocals(frame);
    PyObject *value = locals != NULL && PyDict_CheckExact(locals)
                          ? Py_XNewRef(PyDict_GetItemString(locals, name))
                          : NULL;
    Py_XDECREF(locals);
    return value;
#endif
}

#if !PK_HAS_MONITORING
/* Ask audit hooks, which are the program's code, before a thread's profile or trace function is
 * changed.  0, or −1 with an exception. */
static inline int
pk_hook_audit(bool is_trace)
{
    return PySys_Audit(is_trace ? "sys.settrace" : "sys.setprofile", NULL);
}

/* Give any thread another profile or trace function.  Steals object; what there was before is the
 * caller's.  Runs no code of the program's, so that one may go from thread to thread: it could end
 * the thread of the state that one is at. */
static inline PyObject *
pk_hook_exchange(PyThreadState *thread, bool is_trace, Py_tracefunc function, PyObject *object)
{
    PyObject *before;
    if (is_trace) {
        before = thread->c_traceobj;
        thread->c_traceobj = object;
        thread->c_tracefunc = function;
    } else {
        before = thread->c_profileobj;
        thread->c_profileobj = object;
        thread->c_profilefunc = function;
    }
    PyThreadState_EnterTracing(thread); /* the second one finds out whether there is any */
    PyThreadState_LeaveTracing(thread);
    return before;
}

/* The first of the interpreter's thread states. */
static inline PyThreadState *
pk_thread_states(void)
{
    return PyInterpreterState_ThreadHead(PyThreadState_GetInterpreter(PyThreadState_Get()));
}
#endif

#endif
