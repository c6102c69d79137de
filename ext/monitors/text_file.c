/* text_file.c — a file or stream that text is gathered for, and written to in whole blocks. */
#include "events.h"

#include <errno.h>
#include <unistd.h>

enum { PATIENCE_US = 1000000 }; /* how long one waits for who is writing, who may be oneself */
enum { PIECE_BYTES = 4096 };    /* what the buffer of a stream of Python's holds, at least */

static bool
is_closed(const pk_text_file *file)
{
    return file->descriptor < 0 && file->stream == NULL;
}

/* Wait, not for long, until nobody writes.  [gil, let go meanwhile] */
static void
wait_for_writer(pk_text_file *file)
{
    Py_BEGIN_ALLOW_THREADS
    if (PyThread_acquire_lock_timed(file->ended, PATIENCE_US, 0) == PY_LOCK_ACQUIRED)
        PyThread_release_lock(file->ended);
    Py_END_ALLOW_THREADS
}

/* Write the leaving block to the descriptor.  0, or −1 with an OSError and the rest still there.
 * [gil, let go meanwhile] */
static int
write_block(pk_text_file *file)
{
    int error, descriptor = file->descriptor;
    Py_BEGIN_ALLOW_THREADS
    error = pk_block_write(&file->leaving, descriptor);
    Py_END_ALLOW_THREADS
    if (file->descriptor != descriptor)
        (void)close(descriptor); /* which close() has left to who writes */
    file->error = error;
    if (error == 0)
        return 0;
    errno = error;
    PyErr_SetFromErrno(PyExc_OSError);
    return -1;
}

/* The size of the whole lines that come first, of about PIECE_BYTES. */
static size_t
size_of_piece(const char *bytes, size_t size)
{
    if (size <= PIECE_BYTES)
        return size;
    for (size_t end = PIECE_BYTES; end > 0; end--)
        if (bytes[end - 1] == '\n')
            return end;
    const char *end = memchr(bytes + PIECE_BYTES, '\n', size - PIECE_BYTES);
    return end == NULL ? size : (size_t)(end - bytes) + 1;
}

/* Call a method without arguments.  0, or −1 with an exception. */
static int
call(PyObject *object, const char *method)
{
    PyObject *done = PyObject_CallMethod(object, method, NULL);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* Write text to a stream, after what is in its buffer and through it.  A piece fits in the empty
 * buffer, which keeps what an interruption leaves of it.  1, 0 with an exception if the stream has
 * the piece, or −1 with one if not. */
static int
write_piece(PyObject *stream, const char *bytes, size_t size)
{
    PyObject *text = PyUnicode_DecodeUTF8(bytes, (Py_ssize_t)size, "surrogatepass");
    if (text == NULL || call(stream, "flush") < 0) {
        Py_XDECREF(text);
        return -1;
    }
    PyObject *written = PyObject_CallMethod(stream, "write", "O", text);
    Py_DECREF(text);
    if (written == NULL)
        return -1;
    Py_DECREF(written);
    return call(stream, "flush") < 0 ? 0 : 1;
}

/* Have the errno of the pending exception, if it is of a stream that cannot be written to. */
static int
error_of_stream(void)
{
    if (PyErr_ExceptionMatches(PyExc_ValueError))
        return EBADF; /* it is closed */
    if (!PyErr_ExceptionMatches(PyExc_OSError))
        return 0;
    PyObject *error = pk_error_take();
    PyObject *number = PyObject_GetAttrString(error, "errno");
    long value = number != NULL && PyLong_Check(number) ? PyLong_AsLong(number) : EIO;
    Py_XDECREF(number);
    pk_error_restore(error); /* in the place of any other */
    return value > 0 && value <= INT_MAX ? (int)value : EIO;
}

/* Whether the program has closed the stream, as far as that can be seen. */
static bool
stream_is_closed(PyObject *stream)
{
    PyObject *closed = PyObject_GetAttrString(stream, "closed");
    bool result = closed == Py_True;
    if (closed == NULL)
        PyErr_Clear();
    Py_XDECREF(closed);
    return result;
}

/* Write the leaving block to the stream.  0, or −1 with an exception and the rest still there.
 * [gil, let go meanwhile] */
static int
write_to_stream(pk_text_file *file)
{
    pk_block *block = &file->leaving;
    PyObject *stream = Py_NewRef(file->stream); /* which close() may let go of */
    size_t begin = 0;
    int result = 1;
    while (begin < block->used && result > 0) {
        size_t size = size_of_piece(block->bytes + begin, block->used - begin);
        result = write_piece(stream, block->bytes + begin, size);
        if (result >= 0)
            begin += size;
    }
    block->used -= begin;
    memmove(block->bytes, block->bytes + begin, block->used);
    Py_DECREF(stream);
    if (result > 0)
        return 0;
    file->error = error_of_stream();
    return -1;
}

/* Put back before what is gathered what has not left. */
static void
take_back(pk_text_file *file)
{
    if (file->leaving.used == 0 || pk_block_take(&file->leaving, &file->gathered) < 0)
        return;
    pk_block taken = file->gathered;
    file->gathered = file->leaving;
    file->leaving = taken;
}

/* Write what is gathered, unless another thread is at it; the caller holds a reference, unless the
 * file is being freed.  0, or −1 with an exception, and what is not written still there.
 * [gil, let go meanwhile] */
static int
write_gathered(pk_text_file *file)
{
    int result = 0;
    bool more = !file->writing && !file->held && file->gathered.used > 0;
    while (more) {
        if (is_closed(file)) {
            PyErr_SetString(PyExc_ValueError, "the file is closed");
            return -1;
        }
        pk_block taken = file->gathered;
        file->gathered = file->leaving;
        file->leaving = taken;
        file->writing = true;
        PyThread_acquire_lock(file->ended, NOWAIT_LOCK);
        if (file->stream != NULL && file->descriptor >= 0 && stream_is_closed(file->stream))
            Py_CLEAR(file->stream);
        result = file->stream == NULL ? write_block(file) : write_to_stream(file);
        PyThread_release_lock(file->ended);
        file->writing = false;
        more = result == 0 && file->each && file->gathered.used > 0;
        take_back(file);
    }
    return result;
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
    if (file->gathered.used >= PK_BLOCK_BYTES || file->each) {
        if (write_gathered(file) == 0)
            return 0;
        bool is_reentrant = file->stream != NULL && PyErr_ExceptionMatches(PyExc_RuntimeError);
        if (!is_reentrant || file->gathered.used > PK_MOST_BYTES)
            return -1;
        PyErr_Clear(); /* a signal handler, in the midst of another write: the text waits */
        return 0;
    }
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
    if (is_closed(file)) {
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
"Write what is gathered.  Raises OSError, or what the stream raises; then what could not be\n"
"written stays gathered.");

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
"Write what is gathered, and close the file, which happens whatever is raised; a stream stays\n"
"open.\n\n"
"Where another thread writes for too long, OSError is raised, and that thread closes it.");

static PyObject *
file_close(PyObject *self, PyObject *unused)
{
    pk_text_file *file = (pk_text_file *)self;
    if (is_closed(file))
        Py_RETURN_NONE;
    PyObject *result = file_flush(self, unused);
    int descriptor = file->descriptor;
    file->descriptor = -1;
    Py_CLEAR(file->stream);
    file->gathered.used = 0;
    if (file->writing) {
        errno = EBUSY;
    } else if (descriptor < 0 || close(descriptor) == 0 || result == NULL) {
        return result; /* with flush()'s exception, if there is one */
    }
    Py_XDECREF(result);
    return PyErr_SetFromErrno(PyExc_OSError);
}

PyDoc_STRVAR(hold_doc,
"hold($self, /)\n--\n\n"
"Write nothing until release() or discard(): before a fork.");

static PyObject *
file_hold(PyObject *self, PyObject *unused)
{
    (void)unused;
    ((pk_text_file *)self)->held = true;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(release_doc, "release($self, /)\n--\n\nWrite again as usual.");

static PyObject *
file_release(PyObject *self, PyObject *unused)
{
    (void)unused;
    ((pk_text_file *)self)->held = false;
    Py_RETURN_NONE;
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
    file->writing = file->held = false;
    file->gathered.used = file->leaving.used = 0;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(fileno_doc, "fileno($self, /)\n--\n\nGive the file's descriptor; of a stream the spare one, or −1.");

static PyObject *
file_fileno(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLong(((pk_text_file *)self)->descriptor);
}

/* TextFile(target, wake, drop=False, each=False, spare=-1) */
static PyObject *
file_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    int drop = 0, each = 0, spare = -1;
    PyObject *target, *wake;
    static char *known[] = {"target", "wake", "drop", "each", "spare", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OO|ppi:TextFile", known, &target, &wake,
                                     &drop, &each, &spare))
        return NULL;
    bool is_descriptor = PyLong_Check(target);
    long descriptor = is_descriptor ? PyLong_AsLong(target) : spare;
    if (PyErr_Occurred())
        return NULL;
    if (descriptor < -1 || descriptor > INT_MAX) {
        PyErr_Format(PyExc_ValueError, "%R is no descriptor", target);
        return NULL;
    }
    pk_text_file *file = (pk_text_file *)type->tp_alloc(type, 0);
    if (file == NULL)
        return NULL;
    file->descriptor = -1;
    file->drop = drop != 0;
    file->each = each != 0;
    file->wake = Py_NewRef(wake);
    file->ended = PyThread_allocate_lock();
    if (file->ended == NULL) {
        Py_DECREF(file);
        return PyErr_NoMemory();
    }
    file->descriptor = (int)descriptor;
    file->stream = is_descriptor ? NULL : Py_NewRef(target);
    return (PyObject *)file;
}

static int
file_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((pk_text_file *)self)->wake);
    Py_VISIT(((pk_text_file *)self)->stream);
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
    return PyBool_FromLong(is_closed((pk_text_file *)self));
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
    {"hold", file_hold, METH_NOARGS, hold_doc},
    {"release", file_release, METH_NOARGS, release_doc},
    {"discard", file_discard, METH_NOARGS, discard_doc},
    {"fileno", file_fileno, METH_NOARGS, fileno_doc},
    {NULL, NULL, 0, NULL},
};

PyTypeObject pk_text_file_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pikos._events.TextFile",
    .tp_doc = "A descriptor that UTF-8 is written to in whole blocks, or a text stream, or either at\n"
              "once each time; and when the stream is closed, the spare descriptor:\n"
              "TextFile(target, wake, drop=False, each=False, spare=-1).",
    .tp_basicsize = sizeof(pk_text_file),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = file_new,
    .tp_dealloc = file_dealloc,
    .tp_traverse = file_traverse,
    .tp_clear = file_clear,
    .tp_methods = file_methods,
    .tp_getset = file_properties,
};
