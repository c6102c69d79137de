/* sites.c — the places in the program where events happen, kept with its code objects. */
#include "events.h"

#include <stdlib.h>

#include "alloc.h"

#if PY_VERSION_HEX >= 0x030C0000
#define get_extra PyUnstable_Code_GetExtra
#define set_extra PyUnstable_Code_SetExtra
#define request_extra PyUnstable_Eval_RequestCodeExtraIndex
#else
#define get_extra _PyCode_GetExtra
#define set_extra _PyCode_SetExtra
#define request_extra _PyEval_RequestCodeExtraIndex
#endif

enum { FIRST_ROOM = 8, INSTRUCTION_BYTES = 2 };

struct pk_last_code pk_last_code;

void
pk_site_release(pk_site *site)
{
    if (--site->references > 0)
        return;
    while (site->texts != NULL) {
        pk_texts *texts = site->texts;
        site->texts = texts->next;
        free(texts);
    }
    for (int i = PK_TYPE; i <= PK_FILENAME; i++)
        Py_XDECREF(site->values[i]);
    free(site);
}

/* The interpreter frees a code object. */
static void
code_freed(void *extra)
{
    pk_code *known = extra;
    if (known == NULL)
        return;
    if (pk_last_code.known == known)
        pk_last_code.code = NULL;
    for (uint32_t i = 0; i < known->room; i++)
        if (known->sites[i] != NULL)
            pk_site_release(known->sites[i]);
    Py_XDECREF(known->source);
    free(known->sites);
    free(known->lines);
    free(known);
}

int
pk_sites_start(void)
{
    pk_events.extra = request_extra(code_freed);
    if (pk_events.extra >= 0)
        return 0;
    PyErr_SetString(PyExc_ImportError, "the interpreter has no more room in its code objects");
    return -1;
}

/* Start to know a code object.  NULL with an exception. */
static pk_code *
new_code(PyCodeObject *code)
{
    pk_code *known = pk_calloc(1, sizeof *known);
    if (known == NULL)
        return (pk_code *)PyErr_NoMemory();
    Py_ssize_t hidden = PyUnicode_Tailmatch(code->co_filename, pk_events.directory, 0,
                                            PY_SSIZE_T_MAX, -1);
    known->hidden = hidden > 0;
    if (hidden < 0 || set_extra((PyObject *)code, pk_events.extra, known) < 0) {
        free(known);
        return NULL;
    }
    return known;
}

pk_code *
pk_code_found(PyCodeObject *code)
{
    void *extra = NULL;
    if (get_extra((PyObject *)code, pk_events.extra, &extra) < 0)
        return NULL;
    pk_code *known = extra != NULL ? extra : new_code(code);
    if (known != NULL) {
        pk_last_code.code = code;
        pk_last_code.known = known;
    }
    return known;
}

int
pk_code_line(pk_code *known, PyCodeObject *code, int offset)
{
    Py_ssize_t instructions = Py_SIZE(code);
    if (known->lines == NULL) {
        known->lines = pk_calloc((size_t)instructions, sizeof *known->lines);
        if (known->lines == NULL) {
            PyErr_NoMemory();
            return -2;
        }
    }
    Py_ssize_t place = offset / INSTRUCTION_BYTES;
    if (place < 0 || place >= instructions)
        return -1;
    if (known->lines[place] == 0)
        known->lines[place] = PyCode_Addr2Line(code, offset);
    return known->lines[place];
}

/* Put a site where it belongs in a table that has room. */
static void
place_site(pk_site **sites, uint32_t room, pk_site *site)
{
    uint32_t i = pk_site_hash(site->at, site->kind, site->builtin) & (room - 1);
    while (sites[i] != NULL)
        i = (i + 1) & (room - 1);
    sites[i] = site;
}

/* Have room for one more site.  0, or −1 with an exception. */
static int
grow(pk_code *known)
{
    if ((known->used + 1) * 2 <= known->room)
        return 0;
    uint32_t room = known->room == 0 ? FIRST_ROOM : 2 * known->room;
    pk_site **sites = pk_calloc(room, sizeof *sites);
    if (sites == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (uint32_t i = 0; i < known->room; i++)
        if (known->sites[i] != NULL)
            place_site(sites, room, known->sites[i]);
    free(known->sites);
    known->sites = sites;
    known->room = room;
    return 0;
}

/* The name that records have for the file of a code.  A new reference; NULL with an exception. */
static PyObject *
file_of(const PyCodeObject *code)
{
    PyObject *name = pk_events.file_names == NULL
                         ? NULL
                         : PyDict_GetItemWithError(pk_events.file_names, code->co_filename);
    if (name != NULL)
        return Py_NewRef(name);
    return PyErr_Occurred() ? NULL : Py_NewRef(code->co_filename);
}

pk_site *
pk_site_of(pk_code *known, PyCodeObject *code, uint32_t at, pk_kind kind, int line,
           PyObject *callable, const char *builtin)
{
    pk_site *site = pk_site_find(known, at, kind, builtin);
    if (PK_LIKELY(site != NULL))
        return site;
    PyObject *function = callable == NULL ? Py_NewRef(code->co_name)
                                          : PyObject_GetAttrString(callable, "__name__");
    PyObject *number = line < 0 ? Py_NewRef(Py_None) : PyLong_FromLong(line);
    PyObject *file = file_of(code);
    const char *name = NULL; /* only of a built-in: a program's own may not fit in UTF-8 */
    if (function == NULL || number == NULL || file == NULL || grow(known) < 0)
        goto failed;
    if (builtin != NULL && (name = PyUnicode_AsUTF8(function)) == NULL)
        goto failed;
    site = pk_site_find(known, at, kind, builtin); /* another thread may have made it meanwhile */
    if (site != NULL) {
        Py_DECREF(function);
        Py_DECREF(number);
        Py_DECREF(file);
        return site;
    }
    site = pk_calloc(1, sizeof *site);
    if (site == NULL) {
        PyErr_NoMemory();
        goto failed;
    }
    site->references = 1;
    site->at = at;
    site->kind = kind;
    site->builtin = builtin;
    site->name = name;
    site->values[PK_TYPE] = Py_NewRef(pk_events.kinds[kind]);
    site->values[PK_FUNCTION] = function;
    site->values[PK_LINE_NUMBER] = number;
    site->values[PK_FILENAME] = file;
    place_site(known->sites, known->room, site);
    known->used++;
    return site;
failed:
    Py_XDECREF(function);
    Py_XDECREF(number);
    Py_XDECREF(file);
    return NULL;
}

/* The lines of the source of the code.  Borrowed from known; NULL with an exception. */
static PyObject *
source_of(pk_code *known, PyCodeObject *code, PyObject *globals)
{
    if (known->source == NULL) {
        PyObject *source = PyObject_CallFunctionObjArgs(pk_events.read_source, code->co_filename,
                                                        globals, NULL);
        if (source != NULL && !PyList_Check(source)) {
            PyErr_SetString(PyExc_TypeError, "the lines of a source are a list");
            Py_CLEAR(source);
        }
        Py_XSETREF(known->source, source);
    }
    return known->source;
}

int
pk_site_need_line(pk_site *site, pk_code *known, PyCodeObject *code, PyObject *globals)
{
    if (PK_LIKELY(site->values[PK_LINE_TEXT] != NULL))
        return 0;
    PyObject *source = source_of(known, code, globals);
    if (source == NULL)
        return -1;
    PyObject *number = site->values[PK_LINE_NUMBER];
    Py_ssize_t line = number == Py_None ? 0 : PyLong_AsSsize_t(number);
    PyObject *text = pk_events.no_source;
    if (line > 0 && line <= PyList_GET_SIZE(source))
        text = PyList_GET_ITEM(source, line - 1);
    Py_XSETREF(site->values[PK_LINE_TEXT], Py_NewRef(text));
    return 0;
}
