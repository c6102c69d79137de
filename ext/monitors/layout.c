/* layout.c — what a record consists of, and how it is written as text. */
#include "events.h"

#include <stdlib.h>

#include "alloc.h"

const char *const pk_field_names[PK_FIELD_COUNT] = {
    [PK_INDEX] = "index",         [PK_TYPE] = "type",           [PK_FUNCTION] = "function",
    [PK_LINE_NUMBER] = "lineNo",  [PK_LINE_TEXT] = "line",           [PK_FILENAME] = "filename",
    [PK_RSS] = "RSS",             [PK_VMS] = "VMS",             [PK_MEMORY_AGE] = "memory_age_ns", [PK_TIME] = "time_ns",
    [PK_LAST_EXIT] = "last_exit_ns", [PK_THREAD_ID] = "thread_id",
    [PK_THREAD_NAME] = "thread_name",
};

/* The field of a name, or −1 with an exception. */
static int
field_of(PyObject *name)
{
    for (int i = 0; i < PK_FIELD_COUNT; i++)
        if (PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, pk_field_names[i]) == 0)
            return i;
    PyErr_Format(PyExc_ValueError, "no event has a field %R", name);
    return -1;
}

static int
read_fields(pk_layout *layout, PyObject *names)
{
    layout->count = (unsigned)PyTuple_GET_SIZE(names);
    for (unsigned i = 0; i < layout->count; i++) {
        int field = field_of(PyTuple_GET_ITEM(names, (Py_ssize_t)i));
        if (field < 0)
            return -1;
        layout->fields[i] = (pk_field)field;
        layout->lines |= field == PK_LINE_TEXT;
        layout->memory |= field == PK_RSS || field == PK_VMS || field == PK_MEMORY_AGE;
        layout->times |= field == PK_TIME || field == PK_LAST_EXIT;
        layout->threads |= field == PK_THREAD_ID;
        layout->thread_names |= field == PK_THREAD_NAME;
        if (!pk_field_is_of_site((pk_field)field))
            layout->measured[layout->measured_count++] = (pk_field)field;
    }
    return 0;
}

/* The first of all layouts; each is in the list while it lives.  Never two are equal. */
static pk_layout *layouts;

/* The layout that is equal to one that is not in the list, or that one, put there.  Steals made;
 * a new reference. */
static PyObject *
only_one(pk_layout *made)
{
    for (pk_layout *each = layouts; each != NULL; each = each->next) {
        if (each->record_type == made->record_type && each->count == made->count &&
            memcmp(each->fields, made->fields, made->count * sizeof made->fields[0]) == 0) {
            Py_DECREF(made);
            return Py_NewRef((PyObject *)each);
        }
    }
    made->next = layouts;
    layouts = made;
    return (PyObject *)made;
}

/* Layout(record_type, fields): one and the same for the same arguments, so that records of any
 * number of monitors follow one another in memory. */
static PyObject *
layout_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyTypeObject *record_type;
    PyObject *names;
    static char *known[] = {"record_type", "fields", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!O!:Layout", known, &PyType_Type,
                                     &record_type, &PyTuple_Type, &names))
        return NULL;
    if (!PyType_IsSubtype(record_type, &PyTuple_Type) || PyTuple_GET_SIZE(names) < 1 ||
        PyTuple_GET_SIZE(names) > PK_FIELD_COUNT) {
        PyErr_SetString(PyExc_ValueError, "a record is a tuple of at least one field");
        return NULL;
    }
    pk_layout *layout = (pk_layout *)type->tp_alloc(type, 0);
    if (layout == NULL)
        return NULL;
    layout->record_type = (PyTypeObject *)Py_NewRef(record_type);
    if (read_fields(layout, names) < 0) {
        Py_DECREF(layout);
        return NULL;
    }
    return only_one(layout);
}

static void
layout_dealloc(PyObject *self)
{
    pk_layout **link = &layouts;
    while (*link != NULL && *link != (pk_layout *)self)
        link = &(*link)->next;
    if (*link != NULL)
        *link = (*link)->next;
    Py_XDECREF(((pk_layout *)self)->record_type);
    Py_TYPE(self)->tp_free(self);
}

PyObject *
pk_layout_record(const pk_layout *layout, const pk_site *site, const pk_measured *measured)
{
    PyObject *record = layout->record_type->tp_alloc(layout->record_type, layout->count);
    for (unsigned i = 0; i < layout->count && record != NULL; i++) {
        PyObject *value = pk_value(layout->fields[i], site, measured);
        if (value == NULL)
            Py_CLEAR(record);
        else
            PyTuple_SET_ITEM(record, (Py_ssize_t)i, value);
    }
    return record;
}

PyTypeObject pk_layout_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pikos._events.Layout",
    .tp_doc = "What a record consists of: Layout(record_type, fields).",
    .tp_basicsize = sizeof(pk_layout),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = layout_new,
    .tp_dealloc = layout_dealloc,
};

/* Read (align, width) of each measured field.  0, or −1 with an exception. */
static int
read_spaces(pk_format *format, PyObject *spaces)
{
    format->measured_size = PK_FIELD_COUNT * PK_NUMBER_SIZE; /* there may be fewer spaces than fields */
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(spaces); i++) {
        int align, width;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(spaces, i), "Ci", &align, &width))
            return -1;
        if ((align != '<' && align != '>' && align != '^') || width < 0 || width > UINT16_MAX) {
            PyErr_SetString(PyExc_ValueError, "a field is aligned by <, > or ^ to a width");
            return -1;
        }
        format->align[i] = (char)align;
        format->width[i] = (uint16_t)width;
        format->measured_size += (uint32_t)width;
    }
    return 0;
}

/* The first of all formats; each is in the list while it lives. */
static pk_format *formats;

/* Find the format with this value.  A new reference; NULL if none, or with an exception. */
static PyObject *
format_with(PyObject *value)
{
    PyObject *each = Py_XNewRef((PyObject *)formats);
    while (each != NULL) { /* which stays in the list while the values are compared by Python code */
        PyObject *other = Py_NewRef(((pk_format *)each)->value);
        int equal = PyObject_RichCompareBool(other, value, Py_EQ);
        Py_DECREF(other);
        if (equal > 0)
            return each;
        PyObject *next = equal < 0 ? NULL : Py_XNewRef((PyObject *)((pk_format *)each)->next);
        Py_DECREF(each);
        each = next;
    }
    return NULL;
}

/* Whether a format with a serial lives. */
static bool
is_alive(uint64_t serial)
{
    const pk_format *each = formats;
    while (each != NULL && each->serial != serial)
        each = each->next;
    return each != NULL;
}

/* Format(pieces, cell, spaces, value): one and the same for equal values */
static PyObject *
format_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *pieces, *cell, *spaces, *value;
    static char *known[] = {"pieces", "cell", "spaces", "value", NULL};
    static uint64_t serials;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OOO!O:Format", known, &pieces, &cell,
                                     &PyTuple_Type, &spaces, &value))
        return NULL;
    if (PyTuple_GET_SIZE(spaces) > PK_FIELD_COUNT) {
        PyErr_SetString(PyExc_ValueError, "a record has not so many fields");
        return NULL;
    }
    PyObject *found = format_with(value);
    if (found != NULL || PyErr_Occurred())
        return found;
    pk_format *format = (pk_format *)type->tp_alloc(type, 0);
    if (format == NULL)
        return NULL;
    format->value = Py_NewRef(value);
    format->pieces = Py_NewRef(pieces);
    format->cell = Py_NewRef(cell);
    format->serial = ++serials;
    if (read_spaces(format, spaces) < 0) {
        Py_DECREF(format);
        return NULL;
    }
    format->next = formats;
    formats = format;
    return (PyObject *)format;
}

static int
format_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((pk_format *)self)->value);
    Py_VISIT(((pk_format *)self)->pieces);
    Py_VISIT(((pk_format *)self)->cell);
    return 0;
}

static int
format_clear(PyObject *self)
{
    pk_format **link = &formats;
    while (*link != NULL && *link != (pk_format *)self)
        link = &(*link)->next;
    if (*link != NULL)
        *link = (*link)->next;
    Py_CLEAR(((pk_format *)self)->value);
    Py_CLEAR(((pk_format *)self)->pieces);
    Py_CLEAR(((pk_format *)self)->cell);
    return 0;
}

static void
format_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    (void)format_clear(self);
    Py_TYPE(self)->tp_free(self);
}

/* The texts that the format's pieces give: a tuple of bytes, one more than measured fields.
 * Owned by the caller; NULL with an exception. */
static pk_texts *
make_texts(const pk_format *format, const pk_layout *layout, PyObject *pieces)
{
    Py_ssize_t count = (Py_ssize_t)layout->measured_count + 1;
    size_t size = 0;
    if (!PyTuple_Check(pieces) || PyTuple_GET_SIZE(pieces) != count)
        goto wrong;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!PyBytes_Check(PyTuple_GET_ITEM(pieces, i)))
            goto wrong;
        size += (size_t)PyBytes_GET_SIZE(PyTuple_GET_ITEM(pieces, i));
    }
    if (size > UINT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "the text of a record has more than 4 GiB");
        return NULL;
    }
    pk_texts *texts = pk_calloc(1, sizeof *texts + size + PK_SLACK);
    if (texts == NULL)
        return (pk_texts *)PyErr_NoMemory();
    texts->format = format->serial;
    uint32_t end = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *piece = PyTuple_GET_ITEM(pieces, i);
        memcpy(texts->bytes + end, PyBytes_AS_STRING(piece), (size_t)PyBytes_GET_SIZE(piece));
        end += (uint32_t)PyBytes_GET_SIZE(piece);
        texts->ends[i] = end;
    }
    return texts;
wrong:
    PyErr_SetString(PyExc_TypeError, "a format gives one bytes more than there are measured fields");
    return NULL;
}

/* Free the texts of a site in formats that are gone. */
static void
sweep(pk_site *site)
{
    pk_texts **link = &site->texts;
    while (*link != NULL) {
        pk_texts *texts = *link;
        if (is_alive(texts->format)) {
            link = &texts->next;
            continue;
        }
        *link = texts->next;
        free(texts);
    }
}

const pk_texts *
pk_format_new_texts(const pk_format *format, const pk_layout *layout, pk_site *site)
{
    PyObject **values = site->values;
    PyObject *line = values[PK_LINE_TEXT] != NULL ? values[PK_LINE_TEXT] : Py_None;
    PyObject *pieces = PyObject_CallFunctionObjArgs(format->pieces, values[PK_TYPE],
                                                    values[PK_FUNCTION], values[PK_LINE_NUMBER],
                                                    line, values[PK_FILENAME], NULL);
    const pk_texts *found = pieces == NULL ? NULL : pk_format_find_texts(format, site);
    pk_texts *made = pieces == NULL || found != NULL ? NULL : make_texts(format, layout, pieces);
    Py_XDECREF(pieces);
    if (made == NULL)
        return found; /* which another thread has made meanwhile */
    sweep(site);
    made->next = site->texts;
    site->texts = made;
    return made;
}

PyTypeObject pk_format_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pikos._events.Format",
    .tp_doc = "How records are written as text: Format(pieces, cell, spaces, value).",
    .tp_basicsize = sizeof(pk_format),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = format_new,
    .tp_dealloc = format_dealloc,
    .tp_traverse = format_traverse,
    .tp_clear = format_clear,
};
