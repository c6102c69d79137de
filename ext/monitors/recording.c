/* recording.c — what is done at an event for one monitor that is enabled. */
#include "events.h"

#include <stdlib.h>
#include <time.h>

#include "alloc.h"
#include "thread_object.h"

/* The index of the next event of a monitor. */
typedef struct {
    PyObject_HEAD
    int64_t next;
} pk_counter;

/* What a recording keeps for a thread. */
typedef struct {
    unsigned long ident;
    uint64_t id;          /* of the thread's state: idents are used again */
    int64_t left_ns;      /* when its last event was done with */
    bool foreign;         /* threading did not begin the thread */
    PyObject *name;       /* owned; NULL: not asked yet */
    PyObject *cell;       /* owned bytes: the name as text; NULL until needed */
    PyFrameObject **open; /* owned: frames of functions in focus, outermost first */
    size_t open_count, open_room;
} pk_row;

struct pk_recording {
    PyObject_HEAD
    pk_layout *layout;   /* owned, as all that follow */
    pk_counter *counter;
    pk_text_file *file;  /* or NULL */
    pk_format *format;   /* of records in a file */
    pk_rows *rows;       /* or NULL */
    PyObject *plan;      /* or NULL: all are accepted */
    PyObject *focus;     /* frozenset of ids of code, or NULL: everywhere */
    PyObject *fail;      /* called with an exception that ends the recording */
    uint64_t focus_serial;
    bool inside;         /* what is called in the focus is recorded too */
    bool open;
    bool is_plain;       /* only the index is measured, in all code and threads, unpadded in a file */
    bool one_thread;
    uint64_t thread;     /* which: pk_running_thread() of who made the recording */
    pk_memory memory;
    bool memory_is_open;
    int64_t memory_interval_ns; /* 0: it is read at each event */
    int64_t memory_read_ns;     /* when it was read last */
    int64_t rss, vms;           /* what was read then, bytes */
    pk_row **threads;
    size_t thread_count, thread_room;
    uint64_t serial;
    pk_digits digits; /* of the index that is written next */
};

/* The row that the running thread used last, and whose. */
static _Thread_local struct {
    uint64_t serial;
    pk_row *row;
} last_row;

static uint64_t serials;

/* The number of this thread, or 0: not asked yet. */
static _Thread_local uint64_t thread_number;

uint64_t
pk_running_thread(void)
{
    if (thread_number == 0)
        thread_number = ++serials;
    return thread_number;
}

int64_t
pk_now_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        return 0;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- threads ---- */

/* Forget what a row holds. */
static void
empty_row(pk_row *row)
{
    Py_CLEAR(row->name);
    Py_CLEAR(row->cell);
    while (row->open_count > 0)
        Py_DECREF(row->open[--row->open_count]);
    row->left_ns = 0;
    row->foreign = false;
}

/* A new row for the running thread.  Owned by the recording; NULL with an exception. */
static pk_row *
add_row(pk_recording *recording)
{
    if (recording->thread_count == recording->thread_room) {
        size_t room = recording->thread_room == 0 ? 8 : 2 * recording->thread_room;
        pk_row **threads = pk_realloc(recording->threads, room * sizeof *threads);
        if (threads == NULL)
            return (pk_row *)PyErr_NoMemory();
        recording->threads = threads;
        recording->thread_room = room;
    }
    pk_row *row = pk_calloc(1, sizeof *row);
    if (row == NULL)
        return (pk_row *)PyErr_NoMemory();
    recording->threads[recording->thread_count++] = row;
    return row;
}

/* The running thread's row, looked up.  NULL with an exception. */
static pk_row *
find_row(pk_recording *recording)
{
    unsigned long ident = PyThread_get_thread_ident();
    uint64_t id = PyThreadState_GetID(PyThreadState_Get());
    pk_row *row = NULL;
    for (size_t i = 0; i < recording->thread_count && row == NULL; i++)
        if (recording->threads[i]->ident == ident)
            row = recording->threads[i];
    if (row == NULL) {
        row = add_row(recording);
        if (row == NULL)
            return NULL;
    } else if (row->id != id) {
        empty_row(row); /* it was a thread's that has ended */
    }
    row->ident = ident;
    row->id = id;
    last_row.serial = recording->serial;
    last_row.row = row;
    return row;
}

/* The running thread's row.  NULL with an exception. */
static inline pk_row *
row_of(pk_recording *recording)
{
    return PK_LIKELY(last_row.serial == recording->serial) ? last_row.row : find_row(recording);
}

/* The name of the running thread; empty where threading does not know it.  New reference. */
static PyObject *
thread_name(pk_row *row)
{
    PyObject *thread = pk_thread_object(pk_events.threads, &row->foreign);
    if (thread == NULL)
        return PyErr_Occurred() ? NULL : PyUnicode_New(0, 0);
    PyObject *name = PyObject_GetAttr(thread, pk_events.name); /* what its property gives */
    Py_DECREF(thread);
    return name;
}

/* Have the name of the running thread in its row, and its text if that is needed. */
static int
need_name(const pk_recording *recording, pk_row *row)
{
    PyObject *name = thread_name(row);
    if (name == NULL)
        return -1;
    if (row->name == name) {
        Py_DECREF(name);
    } else {
        Py_XSETREF(row->name, name);
        Py_CLEAR(row->cell);
    }
    if (recording->format == NULL || row->cell != NULL)
        return 0;
    PyObject *cell = PyObject_CallOneArg(recording->format->cell, row->name);
    if (cell != NULL && !PyBytes_Check(cell)) {
        PyErr_SetString(PyExc_TypeError, "the text of a cell is bytes");
        Py_CLEAR(cell);
    }
    Py_XSETREF(row->cell, cell);
    return cell == NULL ? -1 : 0;
}

/* ---- focus ---- */

/* Whether a code object is in the focus.  May run Python code (a subclass of frozenset), which may
 * change the focus: the answer is noted for the focus before it.  1, 0, or −1 with an exception. */
static int
is_in_focus(const pk_recording *recording, pk_code *known, PyCodeObject *code)
{
    if (PK_LIKELY(known->focus == recording->focus_serial))
        return known->in_focus;
    uint64_t serial = recording->focus_serial;
    PyObject *focus = Py_NewRef(recording->focus);
    PyObject *ident = PyLong_FromVoidPtr(code);
    int found = ident == NULL ? -1 : PySequence_Contains(focus, ident);
    Py_XDECREF(ident);
    Py_DECREF(focus);
    if (found >= 0) {
        known->focus = serial;
        known->in_focus = found > 0;
    }
    return found;
}

/* Close the frames that are open above the first count. */
static void
close_above(pk_row *row, size_t count)
{
    while (row->open_count > count)
        Py_DECREF(row->open[--row->open_count]);
}

/* Note a frame as the innermost open one.  0, or −1 with an exception. */
static int
open_frame(pk_row *row, PyFrameObject *frame)
{
    if (row->open_count == row->open_room) {
        size_t room = row->open_room == 0 ? 8 : 2 * row->open_room;
        PyFrameObject **open = pk_realloc(row->open, room * sizeof *open);
        if (open == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        row->open = open;
        row->open_room = room;
    }
    row->open[row->open_count++] = (PyFrameObject *)Py_NewRef((PyObject *)frame);
    return 0;
}

/* The number of frames that are open outside of one, or open_count if it is not open. */
static size_t
position_of(const pk_row *row, const PyFrameObject *frame)
{
    for (size_t i = row->open_count; i > 0; i--)
        if (row->open[i - 1] == frame)
            return i - 1;
    return row->open_count;
}

/* Leave the frame of a function in focus as the innermost open one, or closed at its return. */
static int
pass_focused(pk_row *row, const pk_place *place)
{
    PyFrameObject *frame = pk_frame_of(place);
    if (frame == NULL)
        return 0;
    size_t position = position_of(row, frame);
    int result = position == row->open_count ? open_frame(row, frame) : 0;
    if (result == 0)
        close_above(row, place->kind == PK_RETURN ? position : position + 1);
    Py_DECREF(frame);
    return result;
}

/* At a return of a function that has left the focus: close its frame if it is still open. */
static void
pass_other(pk_row *row, const pk_place *place)
{
    bool likely = false;
    for (size_t i = 0; i < row->open_count && !likely; i++) {
        PyCodeObject *code = PyFrame_GetCode(row->open[i]);
        likely = code == place->code;
        Py_DECREF(code);
    }
    PyFrameObject *frame = likely ? pk_frame_of(place) : NULL;
    if (frame != NULL)
        close_above(row, position_of(row, frame));
    Py_XDECREF(frame);
}

/* Whether an event is recorded, as far as the focus goes.  1, 0, or −1 with an exception. */
static int
is_watched(pk_recording *recording, const pk_place *place)
{
    int focused = is_in_focus(recording, place->known, place->code);
    if (focused < 0 || !recording->inside)
        return focused;
    pk_row *row = row_of(recording);
    if (row == NULL)
        return -1;
    if (focused)
        return pass_focused(row, place) < 0 ? -1 : 1;
    if (row->open_count == 0)
        return 0;
    if (place->kind == PK_RETURN)
        pass_other(row, place);
    return 1;
}

/* ---- an event ---- */

/* Make the site of an event, with all of it that the record needs.  May run Python code.  Borrowed
 * from the code; NULL with an exception. */
static pk_site *
make_site(const pk_recording *recording, pk_place *place)
{
    pk_site *site = pk_site_find(place->known, place->at, place->kind, place->builtin);
    if (site == NULL) {
        if (!place->line_is_known) {
            place->line = pk_code_line(place->known, place->code, (int)place->at);
            place->line_is_known = true;
        }
        if (place->line < -1)
            return NULL;
        site = pk_site_of(place->known, place->code, place->at, place->kind, place->line,
                          place->callable, place->builtin);
    }
    if (site == NULL || !recording->layout->lines || site->values[PK_LINE_TEXT] != NULL)
        return site;
    PyFrameObject *frame = pk_frame_of(place);
    PyObject *globals = frame == NULL ? Py_NewRef(Py_None) : PyFrame_GetGlobals(frame);
    int found = pk_site_need_line(site, place->known, place->code, globals);
    Py_XDECREF(frame);
    Py_DECREF(globals);
    return found < 0 ? NULL : site;
}

/* The site of an event, with all of it that the record needs.  May run Python code.  Borrowed from
 * the code; NULL with an exception. */
static inline pk_site *
site_of(const pk_recording *recording, pk_place *place)
{
    pk_site *site = pk_site_find(place->known, place->at, place->kind, place->builtin);
    if (PK_LIKELY(site != NULL && (!recording->layout->lines || site->values[PK_LINE_TEXT] != NULL)))
        return site;
    return make_site(recording, place);
}

/* Append a measured field. */
static inline void
write_field(pk_recording *recording, pk_block *block, unsigned i, const pk_row *row,
            const pk_measured *measured)
{
    const pk_format *format = recording->format;
    pk_field field = recording->layout->measured[i];
    if (field == PK_INDEX && format->width[i] == 0)
        pk_block_put_next(block, &recording->digits, measured->numbers[field]);
    else if (field == PK_THREAD_NAME)
        pk_block_put(block, PyBytes_AS_STRING(row->cell), (size_t)PyBytes_GET_SIZE(row->cell));
    else
        pk_block_put_number(block, measured->numbers[field], format->align[i], format->width[i]);
}

/* Bytes that a record takes in the file, at most. */
static inline size_t
size_of_record(const pk_recording *recording, const pk_texts *texts, const pk_row *row)
{
    size_t size = texts->ends[recording->layout->measured_count] + recording->format->measured_size;
    if (recording->layout->thread_names)
        size += (size_t)PyBytes_GET_SIZE(row->cell);
    return size;
}

/* Append a record to the file, where there is room for it.  0, or −1 with an exception. */
static inline int
write_record(pk_recording *recording, pk_site *site, const pk_row *row, const pk_measured *measured)
{
    const pk_texts *texts = pk_format_texts(recording->format, recording->layout, site);
    if (texts == NULL)
        return -1;
    unsigned count = recording->layout->measured_count;
    bool patient = false;
    if (pk_text_file_room(recording->file, size_of_record(recording, texts, row), &patient) !=
        PK_HAS_ROOM)
        return -1;
    pk_block *block = &recording->file->gathered;
    bool first = block->used == 0;
    uint32_t begin = 0;
    for (unsigned i = 0; i < count; i++) {
        pk_block_copy(block, texts->bytes + begin, texts->ends[i] - begin);
        begin = texts->ends[i];
        write_field(recording, block, i, row, measured);
    }
    pk_block_copy(block, texts->bytes + begin, texts->ends[count] - begin);
    return pk_text_file_added(recording->file, first);
}

/* Read the memory, unless that was done a short while ago. */
static void
measure_memory(pk_recording *recording, pk_measured *measured)
{
    int64_t now = recording->memory_interval_ns != 0 ? pk_now_ns() : 0;
    if (now - recording->memory_read_ns >= recording->memory_interval_ns) {
        pk_memory_read(&recording->memory, &recording->rss, &recording->vms);
        recording->memory_read_ns = now;
    }
    measured->numbers[PK_RSS] = recording->rss;
    measured->numbers[PK_VMS] = recording->vms;
    measured->numbers[PK_MEMORY_AGE] = now - recording->memory_read_ns;
}

/* Measure what the layout asks for, take the index, and put the record where it goes; or count it
 * as dropped. */
static inline int
put_record(pk_recording *recording, pk_site *site, pk_row *row, int64_t entered_ns, bool dropped)
{
    const pk_layout *layout = recording->layout;
    pk_measured measured;
    if (layout->memory)
        measure_memory(recording, &measured);
    if (layout->threads)
        measured.numbers[PK_THREAD_ID] = (int64_t)PyThread_get_thread_ident();
    if (layout->thread_names)
        measured.thread_name = row->name;
    if (layout->times) {
        measured.numbers[PK_TIME] = entered_ns;
        measured.numbers[PK_LAST_EXIT] = row->left_ns;
    }
    measured.numbers[PK_INDEX] = recording->counter->next++;
    if (recording->plan != NULL) {
        int accepted = pk_accepts(recording->plan, site, &measured);
        if (accepted <= 0)
            return accepted;
    }
    if (PK_UNLIKELY(dropped)) {
        recording->file->dropped++;
        return 0;
    }
    if (recording->file != NULL)
        return write_record(recording, site, row, &measured);
    return pk_rows_add(recording->rows, recording->layout, site, &measured);
}

/* Record an event of a plain recording whose site and texts are known, and fit in the block.  Runs
 * no Python code, and keeps the GIL.  False, with nothing done, if it has to be done in the way of
 * the others. */
static inline bool
record_quickly(PyObject *listener, const pk_place *place)
{
    pk_recording *recording = (pk_recording *)listener;
    if (!Py_IS_TYPE(listener, &pk_recording_type) || !recording->is_plain)
        return false;
    const pk_site *site = pk_site_find(place->known, place->at, place->kind, place->builtin);
    const pk_texts *texts = site == NULL ? NULL : pk_format_find_texts(recording->format, site);
    pk_block *block = &recording->file->gathered;
    if (texts == NULL || block->used == 0 ||
        block->used + texts->ends[1] + PK_NUMBER_SIZE + PK_SLACK > PK_BLOCK_BYTES ||
        recording->file->error != 0)
        return false;
    pk_block_copy(block, texts->bytes, texts->ends[0]);
    pk_block_put_next(block, &recording->digits, recording->counter->next++);
    pk_block_copy(block, texts->bytes + texts->ends[0], texts->ends[1] - texts->ends[0]);
    return true;
}

/* Have the site of an event, its texts, and room for its record in the file.  All that may take
 * long, run Python code or let the GIL go is done here, before anything is measured.  PK_NO_ROOM:
 * with an exception. */
static inline pk_room
prepare(pk_recording *recording, pk_place *place, const pk_row *row, pk_site **site)
{
    pk_room room = PK_AGAIN;
    for (bool patient = true; room == PK_AGAIN && recording->open;) {
        *site = site_of(recording, place);
        if (*site == NULL)
            return PK_NO_ROOM;
        if (recording->file == NULL)
            return PK_HAS_ROOM;
        const pk_texts *texts = pk_format_texts(recording->format, recording->layout, *site);
        if (texts == NULL)
            return PK_NO_ROOM;
        if (PK_UNLIKELY(!recording->open))
            break; /* shut by Python code that ran meanwhile, and the row is empty */
        size_t size = size_of_record(recording, texts, row);
        room = pk_text_file_room(recording->file, size, &patient);
    }
    return room;
}

/* Record an event, if it is this recording's.  taken is set before its index is.  0, or −1 with an
 * exception. */
static int
record(pk_recording *recording, pk_place *place, bool *taken)
{
    if (!recording->open ||
        (recording->one_thread && pk_running_thread() != recording->thread))
        return 0;
    const pk_layout *layout = recording->layout;
    int64_t entered_ns = layout->times ? pk_now_ns() : 0;
    if (recording->focus != NULL) {
        int watched = is_watched(recording, place);
        if (watched <= 0)
            return watched;
    }
    pk_row *row = NULL;
    if (layout->times || layout->thread_names) {
        row = row_of(recording);
        if (row == NULL || (layout->thread_names && need_name(recording, row) < 0))
            return -1;
    }
    pk_site *site = NULL;
    pk_room room = prepare(recording, place, row, &site);
    if (room == PK_NO_ROOM)
        return -1;
    if (PK_UNLIKELY(!recording->open))
        return 0;
    *taken = true;
    int result = put_record(recording, site, row, entered_ns, room == PK_DROPPED);
    if (layout->times)
        row->left_ns = pk_now_ns();
    return result;
}

/* Tell the monitor that the pending exception ended an event, unless it is the program's: that is
 * deferred, and the answer is true.  A program that is at its limit of recursion loses the event.
 * With an exception out of the monitor itself nothing can be done. */
static bool
failed(pk_recording *recording)
{
    if (pk_defer_if_of_the_program())
        return true;
    bool is_deep = pk_shield_was_short_of_room() && PyErr_ExceptionMatches(PyExc_RecursionError);
    PyObject *error = pk_error_take();
    PyObject *done = is_deep ? Py_NewRef(Py_None) : PyObject_CallOneArg(recording->fail, error);
    if (done == NULL && !pk_defer_if_of_the_program())
        PyErr_Clear();
    Py_XDECREF(done);
    Py_DECREF(error);
    return false;
}

/* Record an event in the way of those that may run Python code. */
static void
record_slowly(pk_recording *recording, pk_place *place)
{
    enum { TRIES = 8 }; /* how often signal handlers may interrupt what is done before an index is taken */
    bool taken = false;
    pk_shield_enter();
    for (int i = 0; i < TRIES && record(recording, place, &taken) < 0; i++)
        if (!failed(recording) || taken)
            break;
    pk_shield_leave();
}

void
pk_tell_failure(PyObject *listeners)
{
    PyObject *error = pk_error_take();
    Py_INCREF(listeners);
    pk_shield_enter();
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(listeners); i++) {
        PyObject *listener = PyTuple_GET_ITEM(listeners, i);
        if (!Py_IS_TYPE(listener, &pk_recording_type))
            continue;
        pk_error_restore(Py_NewRef(error));
        (void)failed((pk_recording *)listener);
    }
    pk_shield_leave();
    Py_DECREF(listeners);
    Py_DECREF(error);
}

void
pk_tell(PyObject *listeners, pk_place *place)
{
    Py_ssize_t count = PyTuple_GET_SIZE(listeners);
    if (PK_LIKELY(count == 1 && record_quickly(PyTuple_GET_ITEM(listeners, 0), place)))
        return;
    Py_INCREF(listeners);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *listener = PyTuple_GET_ITEM(listeners, i);
        if (record_quickly(listener, place))
            continue;
        if (Py_IS_TYPE(listener, &pk_recording_type))
            record_slowly((pk_recording *)listener, place);
        else
            pk_calls_tell((pk_calls *)listener, place);
    }
    Py_DECREF(listeners);
}

/* ---- the types ---- */

static PyObject *
counter_next(PyObject *self)
{
    return PyLong_FromLongLong(((pk_counter *)self)->next++);
}

PyTypeObject pk_counter_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pikos._events.Counter",
    .tp_doc = "The indexes of a monitor's events, from 0: Counter().",
    .tp_basicsize = sizeof(pk_counter),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = PyType_GenericNew,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = counter_next,
};

/* Set what the recording is focused on: a frozenset of ids of code objects, or None. */
static int
set_focus(PyObject *self, PyObject *focus, void *unused)
{
    (void)unused;
    pk_recording *recording = (pk_recording *)self;
    if (focus == NULL || (focus != Py_None && !PyFrozenSet_Check(focus))) {
        PyErr_SetString(PyExc_TypeError, "focus is a frozenset of ids of code objects, or None");
        return -1;
    }
    Py_XSETREF(recording->focus, focus == Py_None ? NULL : Py_NewRef(focus));
    recording->focus_serial = ++serials;
    return 0;
}

/* Keep target where it belongs, with its format.  0, or −1 with an exception. */
static int
set_target(pk_recording *recording, PyObject *target, PyObject *format)
{
    if (PyObject_TypeCheck(target, &pk_rows_type) && format == Py_None) {
        recording->rows = (pk_rows *)Py_NewRef(target);
        return 0;
    }
    if (PyObject_TypeCheck(target, &pk_text_file_type) &&
        PyObject_TypeCheck(format, &pk_format_type)) {
        recording->file = (pk_text_file *)Py_NewRef(target);
        recording->format = (pk_format *)Py_NewRef(format);
        recording->digits.next = -1;
        return 0;
    }
    PyErr_SetString(PyExc_TypeError, "records go to Rows, or to a TextFile with a Format");
    return -1;
}

/* Keep the rest of the arguments.  0, or −1 with an exception. */
static int
set_up(pk_recording *recording, PyObject *plan, PyObject *focus)
{
    recording->serial = ++serials;
    recording->thread = pk_running_thread();
    if (plan != Py_None) {
        if (pk_accept_check(plan, recording->layout) < 0)
            return -1;
        recording->plan = Py_NewRef(plan);
    }
    if (recording->layout->memory) {
        pk_memory_open(&recording->memory);
        if (recording->memory.descriptor < 0) {
            PyErr_SetFromErrnoWithFilename(PyExc_OSError, "/proc/self/statm");
            return -1;
        }
        recording->memory_is_open = true;
    }
    recording->open = true;
    const pk_layout *layout = recording->layout;
    recording->is_plain = recording->file != NULL && layout->measured_count == 1 &&
                          layout->measured[0] == PK_INDEX && recording->format->width[0] == 0 &&
                          recording->plan == NULL && !recording->one_thread && focus == Py_None &&
                          !recording->file->each;
    return set_focus((PyObject *)recording, focus, NULL);
}

/* Recording(layout, counter, target, fail, *, format, plan, focus, inside, one_thread,
 * memory_interval_ns): of the running thread, if only of one. */
static PyObject *
recording_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *layout, *counter, *target, *fail;
    PyObject *format = Py_None, *plan = Py_None, *focus = Py_None;
    int inside = 0, one_thread = 0;
    long long interval_ns = 0;
    static char *known[] = {"layout", "counter", "target", "fail",   "format",
                            "plan",   "focus",   "inside", "one_thread", "memory_interval_ns", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!O!OO|$OOOppL:Recording", known,
                                     &pk_layout_type, &layout, &pk_counter_type, &counter, &target,
                                     &fail, &format, &plan, &focus, &inside, &one_thread, &interval_ns))
        return NULL;
    pk_recording *recording = (pk_recording *)type->tp_alloc(type, 0);
    if (recording == NULL)
        return NULL;
    recording->layout = (pk_layout *)Py_NewRef(layout);
    recording->counter = (pk_counter *)Py_NewRef(counter);
    recording->fail = Py_NewRef(fail);
    recording->inside = inside != 0;
    recording->one_thread = one_thread != 0;
    recording->memory_interval_ns = interval_ns;
    recording->memory_read_ns = INT64_MIN / 2; /* never */
    if (set_target(recording, target, format) < 0 || set_up(recording, plan, focus) < 0)
        Py_CLEAR(recording);
    return (PyObject *)recording;
}

/* Record no more, and let go of what was kept for threads. */
static void
shut(pk_recording *recording)
{
    recording->open = recording->is_plain = false;
    for (size_t i = 0; i < recording->thread_count; i++)
        empty_row(recording->threads[i]);
}

PyDoc_STRVAR(shut_doc, "shut($self, /)\n--\n\nRecord no more; what was kept for threads is let go.");

static PyObject *
recording_shut(PyObject *self, PyObject *unused)
{
    (void)unused;
    shut((pk_recording *)self);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(enter_doc,
"enter($self, frames, /)\n--\n\n"
"Take frames as the open ones of functions in focus, in the running thread, outermost first.");

static PyObject *
recording_enter(PyObject *self, PyObject *frames)
{
    pk_row *row = row_of((pk_recording *)self);
    if (row == NULL)
        return NULL;
    PyObject *sequence = PySequence_Fast(frames, "frames are a list");
    if (sequence == NULL)
        return NULL;
    int result = 0;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(sequence) && result == 0; i++) {
        PyObject *frame = PySequence_Fast_GET_ITEM(sequence, i);
        if (!PyFrame_Check(frame)) {
            PyErr_Format(PyExc_TypeError, "%R is no frame", frame);
            result = -1;
        } else {
            result = open_frame(row, (PyFrameObject *)frame);
        }
    }
    Py_DECREF(sequence);
    if (result < 0)
        return NULL;
    Py_RETURN_NONE;
}

static int
recording_traverse(PyObject *self, visitproc visit, void *arg)
{
    pk_recording *recording = (pk_recording *)self;
    Py_VISIT(recording->file);
    Py_VISIT(recording->format);
    Py_VISIT(recording->plan);
    Py_VISIT(recording->fail);
    for (size_t i = 0; i < recording->thread_count; i++)
        for (size_t j = 0; j < recording->threads[i]->open_count; j++)
            Py_VISIT(recording->threads[i]->open[j]);
    return 0;
}

static int
recording_clear(PyObject *self)
{
    pk_recording *recording = (pk_recording *)self;
    shut(recording);
    Py_CLEAR(recording->plan);
    Py_CLEAR(recording->fail);
    return 0;
}

static void
recording_dealloc(PyObject *self)
{
    pk_recording *recording = (pk_recording *)self;
    PyObject_GC_UnTrack(self);
    (void)recording_clear(self);
    for (size_t i = 0; i < recording->thread_count; i++) {
        free(recording->threads[i]->open);
        free(recording->threads[i]);
    }
    free(recording->threads);
    if (recording->memory_is_open)
        pk_memory_close(&recording->memory);
    Py_XDECREF(recording->layout);
    Py_XDECREF(recording->counter);
    Py_XDECREF(recording->file);
    Py_XDECREF(recording->format);
    Py_XDECREF(recording->rows);
    Py_XDECREF(recording->focus);
    Py_TYPE(self)->tp_free(self);
}

static PyMethodDef recording_methods[] = {
    {"shut", recording_shut, METH_NOARGS, shut_doc},
    {"enter", recording_enter, METH_O, enter_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef recording_properties[] = {
    {"focus", NULL, set_focus, "Ids of the code objects that are focused on, or None.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject pk_recording_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pikos._events.Recording",
    .tp_doc = "What is done at each event for a monitor that is enabled.",
    .tp_basicsize = sizeof(pk_recording),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = recording_new,
    .tp_dealloc = recording_dealloc,
    .tp_traverse = recording_traverse,
    .tp_clear = recording_clear,
    .tp_methods = recording_methods,
    .tp_getset = recording_properties,
};
