/* rows.c — raw records in memory, made into records when they are taken. */
#include "events.h"

#include <stdlib.h>

#include "alloc.h"

enum { FIRST_WORDS = 32, CHUNK_WORDS = 4096 }; /* what a chunk has room for, each twice as much as the one before */

/* Records: each is its site and what was measured, one word each.  A word with its lowest bit set
 * is a change: the layout of the records that follow it, owned. */
typedef struct pk_chunk {
    struct pk_chunk *next;
    pk_layout *layout; /* owned; of the first record */
    unsigned begin, used, room; /* words */
    uint64_t words[];
} pk_chunk;

struct pk_rows {
    PyObject_HEAD
    pk_chunk *first, *last;
    pk_layout *layout;       /* of the last record; borrowed from the last chunk, and only valid with one */
    Py_ssize_t count, limit; /* records; no limit is 0 */
    Py_ssize_t dropped;
};

static unsigned
words_of(const pk_layout *layout)
{
    return 1 + layout->measured_count;
}

/* The layout that a word changes to, or NULL if it is the site of a record.  Borrowed. */
static pk_layout *
change_at(const uint64_t *word)
{
    return (*word & 1) != 0 ? (pk_layout *)(uintptr_t)(*word - 1) : NULL;
}

/* Let go of what the record at words holds. */
static void
release_row(const pk_layout *layout, const uint64_t *words)
{
    pk_site_release((pk_site *)(uintptr_t)words[0]);
    for (unsigned i = 0; i < layout->measured_count; i++)
        if (layout->measured[i] == PK_THREAD_NAME)
            Py_DECREF((PyObject *)(uintptr_t)words[1 + i]);
}

/* Let go of the first word of a chunk if it is a change.  Whether it was one. */
static bool
pass_change(pk_chunk *chunk)
{
    pk_layout *next = change_at(chunk->words + chunk->begin);
    if (next == NULL)
        return false;
    chunk->begin++;
    Py_SETREF(chunk->layout, next);
    return true;
}

/* Free a chain of chunks with their records, which nobody else reaches. */
static void
free_chunks(pk_chunk *chunk)
{
    while (chunk != NULL) {
        pk_chunk *next = chunk->next;
        while (chunk->begin < chunk->used) {
            if (pass_change(chunk))
                continue;
            release_row(chunk->layout, chunk->words + chunk->begin);
            chunk->begin += words_of(chunk->layout);
        }
        Py_DECREF(chunk->layout);
        free(chunk);
        chunk = next;
    }
}

/* Drop the oldest record, of those that there are; the newest is not among them. */
static void
drop_oldest(pk_rows *rows)
{
    pk_chunk *chunk = rows->first;
    while (pass_change(chunk))
        ;
    const uint64_t *words = chunk->words + chunk->begin;
    chunk->begin += words_of(chunk->layout);
    rows->count--;
    rows->dropped++;
    bool is_empty = chunk->begin == chunk->used && chunk->next != NULL;
    if (is_empty) {
        rows->first = chunk->next;
        chunk->next = NULL;
    }
    release_row(chunk->layout, words);
    if (is_empty)
        free_chunks(chunk);
}

/* Start a chunk with records of a layout.  0, or −1 with an exception. */
static int
add_chunk(pk_rows *rows, pk_layout *layout)
{
    unsigned room = rows->last == NULL ? FIRST_WORDS : 2 * rows->last->room;
    room = room > CHUNK_WORDS ? CHUNK_WORDS : room;
    pk_chunk *chunk = pk_calloc(1, sizeof *chunk + room * sizeof chunk->words[0]);
    if (chunk == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    chunk->room = room;
    chunk->layout = (pk_layout *)Py_NewRef((PyObject *)layout);
    if (rows->last == NULL)
        rows->first = chunk;
    else
        rows->last->next = chunk;
    rows->last = chunk;
    rows->layout = layout;
    return 0;
}

/* Have room in the last chunk for a record of a layout, and say there that it is of this layout.
 * 0, or −1 with an exception. */
static int
need_room(pk_rows *rows, pk_layout *layout)
{
    pk_chunk *last = rows->last;
    if (PK_UNLIKELY(last == NULL || last->used + 1 + words_of(layout) > last->room))
        return add_chunk(rows, layout);
    if (PK_LIKELY(rows->layout == layout))
        return 0;
    last->words[last->used++] = (uintptr_t)Py_NewRef((PyObject *)layout) + 1;
    rows->layout = layout;
    return 0;
}

int
pk_rows_add(pk_rows *rows, pk_layout *layout, pk_site *site, const pk_measured *measured)
{
    if (need_room(rows, layout) < 0)
        return -1;
    pk_chunk *chunk = rows->last;
    uint64_t *words = chunk->words + chunk->used;
    words[0] = (uintptr_t)site;
    site->references++;
    for (unsigned i = 0; i < layout->measured_count; i++) {
        pk_field field = layout->measured[i];
        if (field == PK_THREAD_NAME)
            words[1 + i] = (uintptr_t)Py_NewRef(measured->thread_name);
        else
            words[1 + i] = (uint64_t)measured->numbers[field];
    }
    chunk->used += words_of(layout);
    rows->count++;
    if (rows->limit != 0 && rows->count > rows->limit)
        drop_oldest(rows);
    return 0;
}

/* The record at words.  A new reference; NULL with an exception. */
static PyObject *
record_at(const pk_layout *layout, const uint64_t *words)
{
    pk_measured measured;
    for (unsigned i = 0; i < layout->measured_count; i++) {
        if (layout->measured[i] == PK_THREAD_NAME)
            measured.thread_name = (PyObject *)(uintptr_t)words[1 + i];
        else
            measured.numbers[layout->measured[i]] = (int64_t)words[1 + i];
    }
    return pk_layout_record(layout, (const pk_site *)(uintptr_t)words[0], &measured);
}

/* Put the records of a chunk into a list from a place on.  The place after them, or −1 with an
 * exception. */
static Py_ssize_t
list_records(const pk_chunk *chunk, PyObject *records, Py_ssize_t place)
{
    const pk_layout *layout = chunk->layout;
    for (unsigned i = chunk->begin; i < chunk->used; i += words_of(layout)) {
        for (const pk_layout *next; (next = change_at(chunk->words + i)) != NULL; i++)
            layout = next;
        PyObject *record = record_at(layout, chunk->words + i);
        if (record == NULL)
            return -1;
        PyList_SET_ITEM(records, place++, record);
    }
    return place;
}

/* The records of a chain of chunks.  A new list; NULL with an exception. */
static PyObject *
records_of(const pk_chunk *chunk, Py_ssize_t count)
{
    PyObject *records = PyList_New(count);
    Py_ssize_t place = 0;
    for (; chunk != NULL && records != NULL; chunk = chunk->next) {
        place = list_records(chunk, records, place);
        if (place < 0)
            Py_CLEAR(records);
    }
    return records;
}

PyDoc_STRVAR(take_doc,
"take($self, /)\n--\n\n"
"Take the records that there are, as a list; for want of memory they stay.");

static PyObject *
rows_take(PyObject *self, PyObject *unused)
{
    (void)unused;
    pk_rows *rows = (pk_rows *)self;
    pk_chunk *first = rows->first, *last = rows->last;
    Py_ssize_t count = rows->count;
    rows->first = rows->last = NULL; /* more may come while these are made */
    rows->count = 0;
    PyObject *records = records_of(first, count);
    if (records != NULL) {
        free_chunks(first);
        return records;
    }
    if (first != NULL) {
        last->next = rows->first;
        rows->first = first;
        if (rows->last == NULL)
            rows->last = last;
        rows->count += count;
    }
    return NULL;
}

PyDoc_STRVAR(take_dropped_doc,
"take_dropped($self, /)\n--\n\n"
"Say how many records were dropped since this was asked last.");

static PyObject *
rows_take_dropped(PyObject *self, PyObject *unused)
{
    (void)unused;
    pk_rows *rows = (pk_rows *)self;
    Py_ssize_t dropped = rows->dropped;
    rows->dropped = 0;
    return PyLong_FromSsize_t(dropped);
}

PyDoc_STRVAR(clear_doc, "clear($self, /)\n--\n\nForget all records.");

static PyObject *
rows_clear(PyObject *self, PyObject *unused)
{
    (void)unused;
    pk_rows *rows = (pk_rows *)self;
    pk_chunk *first = rows->first;
    rows->first = rows->last = NULL;
    rows->count = rows->dropped = 0;
    free_chunks(first);
    Py_RETURN_NONE;
}

static PyObject *
rows_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    Py_ssize_t limit = 0;
    static char *known[] = {"limit", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|n:Rows", known, &limit))
        return NULL;
    if (limit < 0) {
        PyErr_SetString(PyExc_ValueError, "limit is a number of records, 0 for none");
        return NULL;
    }
    pk_rows *rows = (pk_rows *)type->tp_alloc(type, 0);
    if (rows != NULL)
        rows->limit = limit;
    return (PyObject *)rows;
}

static void
rows_dealloc(PyObject *self)
{
    free_chunks(((pk_rows *)self)->first);
    Py_TYPE(self)->tp_free(self);
}

static Py_ssize_t
rows_length(PyObject *self)
{
    return ((pk_rows *)self)->count;
}

static PyMethodDef rows_methods[] = {
    {"take", rows_take, METH_NOARGS, take_doc},
    {"take_dropped", rows_take_dropped, METH_NOARGS, take_dropped_doc},
    {"clear", rows_clear, METH_NOARGS, clear_doc},
    {NULL, NULL, 0, NULL},
};

static PySequenceMethods rows_as_sequence = {.sq_length = rows_length};

PyTypeObject pk_rows_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pikos._events.Rows",
    .tp_doc = "Records in memory, past a limit the newest: Rows(limit=0).",
    .tp_basicsize = sizeof(pk_rows),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = rows_new,
    .tp_dealloc = rows_dealloc,
    .tp_methods = rows_methods,
    .tp_as_sequence = &rows_as_sequence,
};
