/* text_file.c — a file or stream that text is gathered for, and written to in whole blocks. */
#include "events.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_US = 1000000 }; /* how long one waits for who is writing, who may be oneself */
enum { MOST_AT_ALL = 8 * PK_MOST_BYTES }; /* what is gathered without waiting, however many signals */
enum { PIECE_BYTES = 4096 };    /* what the buffer of a stream of Python's holds, at least */

static bool
is_closed(const pk_text_file *file)
{
    return file->descriptor < 0 && file->stream == NULL;
}

static int64_t
now_us(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        return 0;
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A signal handler has raised while something was written: who was interrupted wants to get on,
 * however many events are on the way. */
static void
be_lenient(pk_text_file *file)
{
    size_t most = file->gathered.used + file->leaving.used + PK_MOST_BYTES + 1;
    file->most = most < MOST_AT_ALL ? most : MOST_AT_ALL;
}

/* Whether events do not wait for what cannot be written now. */
static bool
is_lenient(const pk_text_file *file)
{
    return file->most > PK_MOST_BYTES && file->gathered.used < file->most;
}

/* Wait, not for long, until nobody writes; signals are handled.  0, or −1 with what a handler
 * raises.  [gil, let go meanwhile] */
static int
wait_for_writer(pk_text_file *file)
{
    int64_t left_us = PATIENCE_US, end_us = now_us() + PATIENCE_US;
    PyLockStatus status = PY_LOCK_INTR;
    while (status == PY_LOCK_INTR && left_us > 0) {
        PyThread_type_lock ended = file->ended;
        Py_BEGIN_ALLOW_THREADS
        status = PyThread_acquire_lock_timed(ended, left_us, 1);
        if (status == PY_LOCK_ACQUIRED)
            PyThread_release_lock(ended);
        Py_END_ALLOW_THREADS
        if (status == PY_LOCK_INTR && PyErr_CheckSignals() < 0) {
            be_lenient(file);
            return -1;
        }
        left_us = end_us - now_us();
    }
    return 0;
}

/* Write the leaving block to the descriptor, or what it takes at once.  0, EINTR or EAGAIN, with the
 * rest still there, or −1 with an OSError too.  [gil, let go meanwhile] */
static int
write_block(pk_text_file *file, bool at_once)
{
    int error, descriptor = file->descriptor;
    Py_BEGIN_ALLOW_THREADS
    error = at_once ? pk_block_write_at_once(&file->leaving, descriptor)
                    : pk_block_write(&file->leaving, descriptor);
    Py_END_ALLOW_THREADS
    if (file->descriptor != descriptor)
        (void)close(descriptor); /* which close() has left to who writes */
    if (error == 0 || error == EINTR || (at_once && error == EAGAIN))
        return error;
    file->error = error;
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

/* Have the errno of the pending exception, if it is of a stream that cannot be written to; what a
 * signal handler has raised is not. */
static int
error_of_stream(void)
{
    PyObject *raised = pk_error_take();
    bool is_of_the_program = pk_is_of_the_program(raised);
    pk_error_restore(raised);
    if (is_of_the_program)
        return 0;
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

/* The descriptor behind a stream, or −1. */
static int
descriptor_of(PyObject *stream)
{
    int descriptor = PyObject_AsFileDescriptor(stream);
    if (descriptor < 0)
        PyErr_Clear();
    return descriptor;
}

/* Write the leaving block to the stream, or what it takes at once.  0, EAGAIN, or −1 with an exception,
 * both with the rest still there.  [gil, let go meanwhile] */
static int
write_to_stream(pk_text_file *file, bool at_once)
{
    pk_block *block = &file->leaving;
    PyObject *stream = Py_NewRef(file->stream); /* which close() may let go of */
    int descriptor = at_once ? descriptor_of(stream) : -1;
    size_t begin = 0;
    int result = 1;
    while (begin < block->used && result > 0) {
        if (descriptor >= 0 && !pk_is_ready(descriptor))
            break;
        size_t size = size_of_piece(block->bytes + begin, block->used - begin);
        result = write_piece(stream, block->bytes + begin, size);
        if (result >= 0)
            begin += size;
    }
    if (begin > block->used)
        begin = block->used; /* a signal handler has forked: this is the child, and all is discarded */
    block->used -= begin;
    memmove(block->bytes, block->bytes + begin, block->used);
    Py_DECREF(stream);
    if (result > 0)
        return block->used == 0 ? 0 : EAGAIN;
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

/* Write what is gathered, or what the file takes at once, in one go; nobody else writes.  As
 * write_block() and write_to_stream(). */
static int
write_once(pk_text_file *file, bool at_once)
{
    take_back(file); /* what there was no memory for before */
    if (file->leaving.used == 0) {
        pk_block taken = file->gathered;
        file->gathered = file->leaving;
        file->leaving = taken;
    }
    PyThread_type_lock ended = file->ended; /* a signal handler may fork, and the child gets another */
    file->writing = true;
    (void)PyThread_acquire_lock(ended, WAIT_LOCK); /* who waits for it has it for a moment only */
    if (file->stream != NULL && file->descriptor >= 0 && stream_is_closed(file->stream))
        Py_CLEAR(file->stream);
    int result = file->stream == NULL ? write_block(file, at_once) : write_to_stream(file, at_once);
    PyThread_release_lock(ended);
    file->writing = false;
    if (result == 0)
        file->most = PK_MOST_BYTES;
    take_back(file);
    return result;
}

/* Write what is gathered, unless another thread is at it; signals are handled.  at_once: or only
 * what the file takes without waiting.  The caller holds a reference, unless the file is being freed.
 * 0, or −1 with an exception, perhaps a signal handler's, and what is not written still there.
 * [gil, let go meanwhile] */
static int
write_gathered(pk_text_file *file, bool at_once)
{
    int result = 0;
    while (!file->writing && !file->held && file->gathered.used + file->leaving.used > 0) {
        if (is_closed(file)) {
            PyErr_SetString(PyExc_ValueError, "the file is closed");
            return -1;
        }
        result = write_once(file, at_once);
        if (result == EINTR && PyErr_CheckSignals() < 0)
            result = -1;
        if (result < 0 && file->error == 0)
            be_lenient(file);
        if (result < 0 || result == EAGAIN || (result == 0 && !file->each))
            break;
    }
    return result < 0 ? -1 : 0;
}

pk_room
pk_text_file_make_room(pk_text_file *file, size_t size, bool *patient)
{
    if (file->writing && file->gathered.used > file->most) {
        if (file->drop)
            return PK_DROPPED;
        if (*patient) {
            *patient = false;
            return wait_for_writer(file) < 0 ? PK_NO_ROOM : PK_AGAIN;
        }
    }
    if (file->error != 0) {
        errno = file->error;
        PyErr_SetFromErrno(PyExc_OSError);
        return PK_NO_ROOM;
    }
    if (pk_block_reserve(&file->gathered, size + PK_SLACK) == 0)
        return PK_HAS_ROOM;
    PyErr_NoMemory();
    return PK_NO_ROOM;
}

/* Have what is gathered written in time; what a signal handler raises meanwhile is deferred.  0, or −1
 * with an exception. */
static int
wake(pk_text_file *file)
{
    enum { TRIES = 8 }; /* signal handlers may interrupt it */
    for (int i = 0; i < TRIES; i++) {
        PyObject *done = PyObject_CallNoArgs(file->wake);
        Py_XDECREF(done);
        if (done != NULL)
            return 0;
        if (!pk_shield_is_up() || !pk_defer_if_of_the_program())
            return -1;
    }
    return 0;
}

int
pk_text_file_see_to(pk_text_file *file)
{
    if (file->gathered.used < PK_BLOCK_BYTES && !file->each)
        return wake(file);
    if (write_gathered(file, is_lenient(file)) == 0)
        return 0;
    bool is_reentrant = file->stream != NULL && PyErr_ExceptionMatches(PyExc_RuntimeError);
    if (!is_reentrant || file->gathered.used > file->most)
        return -1;
    PyErr_Clear(); /* a signal handler, in the midst of another write: the text waits */
    return 0;
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
    size_t size = (size_t)PyBytes_GET_SIZE(bytes);
    bool patient = true;
    pk_room room;
    do
        room = pk_text_file_room(file, size, &patient);
    while (room == PK_AGAIN);
    bool first = file->gathered.used == 0;
    if (room == PK_HAS_ROOM)
        pk_block_put(&file->gathered, PyBytes_AS_STRING(bytes), size);
    else if (room == PK_DROPPED)
        file->dropped++;
    Py_DECREF(bytes);
    if (room == PK_NO_ROOM || (room == PK_HAS_ROOM && pk_text_file_added(file, first) < 0))
        return NULL;
    return PyLong_FromSsize_t(PyUnicode_GET_LENGTH(text));
}

PyDoc_STRVAR(flush_doc,
"flush($self, /)\n--\n\n"
"Write what is gathered.  Raises OSError, or what the stream or a signal handler raises; then what\n"
"could not be written stays gathered.");

static PyObject *
file_flush(PyObject *self, PyObject *unused)
{
    (void)unused;
    pk_text_file *file = (pk_text_file *)self;
    bool at_once = pk_shield_is_up() && is_lenient(file);
    if (file->writing && !at_once && wait_for_writer(file) < 0)
        return NULL;
    if (write_gathered(file, at_once) < 0)
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
    file->most = PK_MOST_BYTES;
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
    PyObject *done = file_close(self, NULL);
    if (done == NULL)
        (void)pk_defer_if_of_the_program();
    Py_XDECREF(done);
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
