/* text_file.c — a file that text is gathered for, and written to in whole blocks. */
#include "events.h"

#include <errno.h>
#include <unistd.h>

enum { PATIENCE_US = 1000000 }; /* how long one waits for who is writing, who may be oneself */

/* Wait, not for long, until nobody writes.  [gil, let go meanwhile] */
static void
wait_for_writer(pk_text_file *file)
{
    Py_BEGIN_ALLOW_THREADS
    if (PyThread_acquire_lock_timed(file->ended, PATIENCE_US, 0) == PY_LOCK_ACQUIRED)
        PyThread_release_lock(file->ended);
    Py_END_ALLOW_THREADS
}

/* Write what is gathered, unless another thread is at it; the caller holds a reference, unless the
 * file is being freed.  0, or −1 with an OSError, and what is
 * not written still there.  [gil, let go meanwhile] */
static int
write_gathered(pk_text_file *file)
{
    if (file->writing || file->gathered.used == 0)
        return 0;
    if (file->descriptor < 0) {
        PyErr_SetString(PyExc_ValueError, "the file is closed");
        return -1;
    }
    pk_block taken = file->gathered;
    file->gathered = file->leaving;
    file->leaving = taken;
    file->writing = true;
    int error, descriptor = file->descriptor;
    PyThread_acquire_lock(file->ended, NOWAIT_LOCK);
    Py_BEGIN_ALLOW_THREADS
    error = pk_block_write(&file->leaving, descriptor);
    Py_END_ALLOW_THREADS
    if (file->descriptor != descriptor)
        (void)close(descriptor); /* which close() has left to who writes */
    PyThread_release_lock(file->ended);
    file->writing = false;
    file->error = error;
    if (error != 0) {
        if (pk_block_take(&file->leaving, &file->gathered) == 0) {
            taken = file->gathered;
            file->gathered = file->leaving;
            file->leaving = taken;
        }
        errno = error;
        PyErr_SetFromErrno(PyExc_OSError);
    }
    return error == 0 ? 0 : -1;
}

int
pk_text_file_make_room(pk_text_file *file, size_t size)
{
    if (file->writing && file->gathered.used > PK_MOST_BYTES) {
        if (file->drop) {
            file->dropped++;
            return 0;
        }
        wait_for_writer(file);
    }
    if (file->error != 0) {
        errno = file->error;
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    if (pk_block_reserve(&file->gathered, size + PK_SLACK) == 0)
        return 1;
    PyErr_NoMemory();
    return -1;
}

int
pk_text_file_see_to(pk_text_file *file)
{
    if (file->gathered.used >= PK_BLOCK_BYTES)
        return write_gathered(file);
    PyObject *done = PyObject_CallNoArgs(file->wake);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

PyDoc_STRVAR(write_doc,
"write($self, text, /)\n--\n\n"
"Add a text, which is written when there is a block of it, or by flush().");

static PyObject *
file_write(PyObject *self, PyObject *text)
{
    pk_text_file *file = (pk_text_file *)self;
    if (!PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "write() takes a str, not %.80s", Py_TYPE(text)->tp_name);
        return NULL;
    }
    if (file->descriptor < 0) {
        PyErr_SetString(PyExc_ValueError, "the file is closed");
        return NULL;
    }
    PyObject *bytes = PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace");
    if (bytes == NULL)
        return NULL;
    bool first = file->gathered.used == 0;
    pk_block *block = pk_text_file_block(file, (size_t)PyBytes_GET_SIZE(bytes));
    if (block != NULL)
        pk_block_put(block, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes));
    Py_DECREF(bytes);
    if (block == NULL ? PyErr_Occurred() != NULL : pk_text_file_added(file, first) < 0)
        return NULL;
    return PyLong_FromSsize_t(PyUnicode_GET_LENGTH(text));
}

PyDoc_STRVAR(flush_doc,
"flush($self, /)\n--\n\n"
"Write what is gathered.  Raises OSError; then what could not be written stays gathered.");

static PyObject *
file_flush(PyObject *self, PyObject *unused)
{
    (void)unused;
    pk_text_file *file = (pk_text_file *)self;
    if (file->writing)
        wait_for_writer(file);
    if (write_gathered(file) < 0)
        return NULL;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(close_doc,
"close($self, /)\n--\n\n"
"Write what is gathered, and close the file, which happens whatever is raised.\n\n"
"Where another thread writes for too long, OSError is raised, and that thread closes it.");

static PyObject *
file_close(PyObject *self, PyObject *unused)
{
    pk_text_file *file = (pk_text_file *)self;
    if (file->descriptor < 0)
        Py_RETURN_NONE;
    PyObject *result = file_flush(self, unused);
    int descriptor = file->descriptor;
    file->descriptor = -1;
    file->gathered.used = 0;
    if (file->writing) {
        errno = EBUSY;
    } else if (descriptor < 0 || close(descriptor) == 0 || result == NULL) {
        return result; /* with flush()'s exception, if there is one */
    }
    Py_XDECREF(result);
    return PyErr_SetFromErrno(PyExc_OSError);
}

PyDoc_STRVAR(discard_doc,
"discard($self, /)\n--\n\n"
"Forget what is gathered: after a fork, in the child, it is the parent's.");

static PyObject *
file_discard(PyObject *self, PyObject *unused)
{
    (void)unused;
    pk_text_file *file = (pk_text_file *)self;
    PyThread_type_lock ended = PyThread_allocate_lock(); /* who held the old one is no more */
    if (ended == NULL)
        return PyErr_NoMemory();
    file->ended = ended;
    file->writing = false;
    file->gathered.used = file->leaving.used = 0;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(fileno_doc, "fileno($self, /)\n--\n\nGive the file's descriptor.");

static PyObject *
file_fileno(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLong(((pk_text_file *)self)->descriptor);
}

/* TextFile(descriptor, wake, drop=False) */
static PyObject *
file_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    int descriptor;
    int drop = 0;
    PyObject *call;
    static char *known[] = {"descriptor", "wake", "drop", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "iO|p:TextFile", known, &descriptor,
                                     &call, &drop))
        return NULL;
    pk_text_file *file = (pk_text_file *)type->tp_alloc(type, 0);
    if (file == NULL)
        return NULL;
    file->descriptor = -1;
    file->drop = drop != 0;
    file->wake = Py_NewRef(call);
    file->ended = PyThread_allocate_lock();
    if (file->ended == NULL) {
        Py_DECREF(file);
        return PyErr_NoMemory();
    }
    file->descriptor = descriptor;
    return (PyObject *)file;
}

static int
file_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((pk_text_file *)self)->wake);
    return 0;
}

static int
file_clear(PyObject *self)
{
    Py_CLEAR(((pk_text_file *)self)->wake);
    return 0;
}

static void
file_dealloc(PyObject *self)
{
    pk_text_file *file = (pk_text_file *)self;
    PyObject_GC_UnTrack(self);
    PyObject *error = pk_error_take();
    Py_XDECREF(file_close(self, NULL));
    pk_error_restore(error);
    (void)file_clear(self);
    pk_block_free(&file->gathered);
    pk_block_free(&file->leaving);
    if (file->ended != NULL)
        PyThread_free_lock(file->ended);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *
file_closed(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((pk_text_file *)self)->descriptor < 0);
}

static PyObject *
file_dropped(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromSsize_t(((pk_text_file *)self)->dropped);
}

static PyGetSetDef file_properties[] = {
    {"dropped", file_dropped, NULL, "How many texts were dropped; they could not be written.", NULL},
    {"closed", file_closed, NULL, "Whether the file is closed.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef file_methods[] = {
    {"write", file_write, METH_O, write_doc},
    {"flush", file_flush, METH_NOARGS, flush_doc},
    {"close", file_close, METH_NOARGS, close_doc},
    {"discard", file_discard, METH_NOARGS, discard_doc},
    {"fileno", file_fileno, METH_NOARGS, fileno_doc},
    {NULL, NULL, 0, NULL},
};

PyTypeObject pk_text_file_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pikos._events.TextFile",
    .tp_doc = "A file that UTF-8 is written to in whole blocks: TextFile(descriptor, wake, drop=False).",
    .tp_basicsize = sizeof(pk_text_file),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = file_new,
    .tp_dealloc = file_dealloc,
    .tp_traverse = file_traverse,
    .tp_clear = file_clear,
    .tp_methods = file_methods,
    .tp_getset = file_properties,
};
