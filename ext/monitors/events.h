/* events.h — what the files of the monitors' event source share.
 *
 * An event is noted in three steps: which site of the program it is (sites.c), what is measured
 * at it (recording.c), and where it goes: rows in memory (rows.c) or text of a file
 * (text_file.c).  All of it runs with the GIL held, in the thread of the event.  Room for the
 * record is made first, and from the taking of its index until it is in its place the GIL is kept,
 * so records are in the order of their indexes.
 */
#ifndef PK_EVENTS_H
#define PK_EVENTS_H

#include "compat.h"

#include <stdint.h>

#include "block.h"
#include "memory.h"

#define PK_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define PK_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* The fields of records.  Those from PK_TYPE to PK_FILENAME belong to a site. */
typedef enum {
    PK_INDEX,
    PK_TYPE,
    PK_FUNCTION,
    PK_LINE_NUMBER,
    PK_LINE_TEXT,
    PK_FILENAME,
    PK_RSS,
    PK_VMS,
    PK_MEMORY_AGE,
    PK_TIME,
    PK_LAST_EXIT,
    PK_THREAD_ID,
    PK_THREAD_NAME,
    PK_FIELD_COUNT,
} pk_field;

extern const char *const pk_field_names[PK_FIELD_COUNT]; /* as records have them */

static inline bool
pk_field_is_of_site(pk_field field)
{
    return field >= PK_TYPE && field <= PK_FILENAME;
}

/* The kinds of events. */
typedef enum { PK_CALL, PK_RETURN, PK_C_CALL, PK_C_RETURN, PK_C_EXCEPTION, PK_LINE_EVENT } pk_kind;

/* What the module is told once, and what it makes once. */
typedef struct {
    PyObject *directory;     /* str: code of files in it is Pikos's own */
    PyObject *hidden;        /* dict: idents of threads that are not recorded */
    PyObject *threads;       /* dict: ident to thread, of threading */
    PyObject *read_source;   /* callable: the lines of a file, given its name and globals */
    PyObject *no_source;     /* str: the text of a line that is not known */
    PyObject *kinds[6];      /* str: names of the kinds of events */
    PyObject *name;          /* str: the attribute of a thread that has its name */
    PyObject *file_names;    /* dict: names in records, by those in the code; or NULL */
    PyObject *of_the_program; /* callable: whether an exception is the program's; leaves our frames
                                 out of its traceback; or NULL */
    Py_ssize_t extra;        /* index of our room in code objects */
} pk_known;
extern pk_known pk_events;

/* ---- shield.c ---- */

enum { PK_ROOM = 256 }; /* how many calls deep our code may be where the program is at its limit */

/* Around all of our code that runs at an event and may run Python code: it has room for calls, and
 * what is deferred meanwhile is raised behind it.  Nestable.  [gil] */
void pk_shield_enter(void);
void pk_shield_leave(void);

/* Whether the running thread is at an event, between these two.  [gil] */
bool pk_shield_is_up(void);

/* Whether a RecursionError there is one because the program is that deep.  [gil] */
bool pk_shield_was_short_of_room(void);

/* Whether an exception that came while our code ran is the program's: a signal handler's, or none
 * that a recorder fails with.  Runs Python code; raises nothing.  [gil] */
bool pk_is_of_the_program(PyObject *error);

/* Have the pending exception raised where the program goes on, in the running thread.  [gil] */
void pk_defer(void);

/* The same if it is the program's; else false, and it stays.  [gil] */
bool pk_defer_if_of_the_program(void);

/* ---- sites.c ---- */

/* The constant parts of a site's text in one format.  Owned by the site, in its list, and freed
 * only when the site or the format is gone: who has the format has the texts, also while the GIL
 * is let go. */
typedef struct pk_texts pk_texts;
struct pk_texts {
    pk_texts *next;
    uint64_t format; /* serial of the format */
    uint32_t ends[PK_FIELD_COUNT + 1];
    char bytes[];
};

/* A place in the program where an event happens, with all that its records have in common.
 * Counted: its code holds one reference, each raw record another. */
typedef struct {
    Py_ssize_t references;
    uint32_t at;         /* offset of the instruction; for a line, its number */
    pk_kind kind;
    const char *builtin; /* name of the built-in function, as its definition has it, or NULL */
    const char *name;    /* the same as a text of the site's own: definitions may be freed */
    PyObject *values[PK_FILENAME + 1]; /* from PK_TYPE on; that of PK_LINE_TEXT NULL until asked for */
    pk_texts *texts;     /* the first, one for each format that was written */
} pk_site;

/* What is known of a code object.  Owned by it, and freed with it. */
typedef struct {
    bool hidden;
    bool in_focus;        /* whether it is in the focus with the serial ... */
    uint64_t focus;       /* ... that is noted here */
    pk_site **sites;      /* open addressing; room is 0 or a power of two */
    uint32_t room, used;
    int32_t *lines;       /* line of each instruction: 0 unknown, −1 none; NULL until needed */
    PyObject *source;     /* list of lines, or NULL until needed */
} pk_code;

/* The code object of the last event, borrowed, and what is known of it; NULL: none, or it is gone. */
extern struct pk_last_code {
    PyCodeObject *code;
    pk_code *known;
} pk_last_code;

/* What is known of a code object, looked up; NULL with an exception.  [gil] */
pk_code *pk_code_found(PyCodeObject *code);

/* The same; quick for that of the last event.  [gil] */
static inline pk_code *
pk_code_of(PyCodeObject *code)
{
    return PK_LIKELY(code == pk_last_code.code) ? pk_last_code.known : pk_code_found(code);
}

/* The line of an instruction, or −1.  −2 with an exception.  [gil] */
int pk_code_line(pk_code *known, PyCodeObject *code, int offset);

/* The site of an event, made if it is new, which may run Python code.  callable: the built-in
 * function, or NULL.  Owned by the code; NULL with an exception.  [gil] */
pk_site *pk_site_of(pk_code *known, PyCodeObject *code, uint32_t at, pk_kind kind, int line,
                    PyObject *callable, const char *builtin);

/* Have the text of the site's line; may run Python code.  0, or −1 with an exception.  [gil] */
int pk_site_need_line(pk_site *site, pk_code *known, PyCodeObject *code, PyObject *globals);

static inline uint32_t
pk_site_hash(uint32_t at, pk_kind kind, const char *builtin)
{
    uint64_t word = ((uint64_t)at << 3 | (uint64_t)kind) ^ (uint64_t)((uintptr_t)builtin << 7);
    return (uint32_t)((word * UINT64_C(0x9E3779B97F4A7C15)) >> 40);
}

/* The site, if it is known.  Borrowed; NULL without an exception.  [gil] */
static inline pk_site *
pk_site_find(const pk_code *known, uint32_t at, pk_kind kind, const char *builtin)
{
    if (known->room == 0)
        return NULL;
    uint32_t mask = known->room - 1;
    for (uint32_t i = pk_site_hash(at, kind, builtin) & mask;; i = (i + 1) & mask) {
        pk_site *site = known->sites[i];
        if (site == NULL)
            return NULL;
        if (site->at == at && site->kind == kind && site->builtin == builtin &&
            (builtin == NULL || strcmp(site->name, builtin) == 0))
            return site;
    }
}

void pk_site_release(pk_site *site);

/* Ask the interpreter for room in code objects.  0, or −1 with an exception.  [gil] */
int pk_sites_start(void);

/* ---- layout.c ---- */

/* What a record consists of. */
typedef struct pk_layout pk_layout;
struct pk_layout {
    PyObject_HEAD
    pk_layout *next;           /* in the list of all */
    PyTypeObject *record_type; /* owned; tuple or a named tuple without a way of its own */
    unsigned count;
    pk_field fields[PK_FIELD_COUNT];
    unsigned measured_count;
    pk_field measured[PK_FIELD_COUNT]; /* the fields that are not of the site, in their order */
    bool memory, times, threads, thread_names, lines;
};
extern PyTypeObject pk_layout_type;

/* How records of a layout are written as text. */
typedef struct pk_format pk_format;
struct pk_format {
    PyObject_HEAD
    pk_format *next;  /* in the list of all */
    PyObject *value;  /* owned; formats with equal values write alike, and are one */
    PyObject *pieces; /* owned; callable: the constant parts of a site's text */
    PyObject *cell;   /* owned; callable: the text of a thread's name */
    uint64_t serial;
    char align[PK_FIELD_COUNT];
    uint16_t width[PK_FIELD_COUNT]; /* of measured fields, in the layout's order */
    uint32_t measured_size;         /* of all of them at most, but for names */
};
extern PyTypeObject pk_format_type;

/* What is measured at an event; only what the layout asks for is set. */
typedef struct {
    int64_t numbers[PK_FIELD_COUNT];
    PyObject *thread_name; /* borrowed from the thread's row */
} pk_measured;

/* The texts of a site in a format that it has none in yet, made by Python code.  Owned by the site;
 * NULL with an exception.  [gil] */
const pk_texts *pk_format_new_texts(const pk_format *format, const pk_layout *layout,
                                    pk_site *site);

/* The texts of a site in a format, or NULL if they are not made.  Owned by the site.  [gil] */
static inline const pk_texts *
pk_format_find_texts(const pk_format *format, const pk_site *site)
{
    const pk_texts *texts = site->texts;
    while (texts != NULL && PK_UNLIKELY(texts->format != format->serial))
        texts = texts->next;
    return texts;
}

/* The same, made if they are new, which runs Python code; NULL with an exception.  [gil] */
static inline const pk_texts *
pk_format_texts(const pk_format *format, const pk_layout *layout, pk_site *site)
{
    const pk_texts *texts = pk_format_find_texts(format, site);
    return PK_LIKELY(texts != NULL) ? texts : pk_format_new_texts(format, layout, site);
}

/* Make the record.  A new reference; NULL with an exception.  [gil] */
PyObject *pk_layout_record(const pk_layout *layout, const pk_site *site,
                           const pk_measured *measured);

/* ---- rows.c ---- */

typedef struct pk_rows pk_rows;
extern PyTypeObject pk_rows_type;

/* Add a raw record.  0, or −1 with an exception.  [gil] */
int pk_rows_add(pk_rows *rows, pk_layout *layout, pk_site *site, const pk_measured *measured);

/* ---- text_file.c ---- */

enum { PK_MOST_BYTES = 16 * 1024 * 1024 }; /* past it an event waits for who writes, or is dropped */

/* Whether a record has its place in a file. */
typedef enum {
    PK_NO_ROOM = -1, /* an exception says why */
    PK_DROPPED,      /* there is no room; the record is dropped without waiting */
    PK_HAS_ROOM,
    PK_AGAIN,        /* look again: the GIL was let go */
} pk_room;

typedef struct {
    PyObject_HEAD
    int descriptor;           /* owned; −1: closed, or there is a stream only */
    PyObject *stream;         /* owned; Python's, with write() and flush() of text, written to while it
                                 is open; or NULL */
    pk_block gathered;        /* appended to */
    pk_block leaving;         /* in the hands of who writes */
    int error;                /* errno of the last write if it failed, else 0 */
    bool writing;             /* somebody writes, and has let the GIL go */
    PyThread_type_lock ended; /* held by who writes, and for a moment by who waits for that */
    size_t most;              /* gathered bytes past which an event waits: PK_MOST_BYTES, or more
                                 since a signal handler raised while something was written */
    bool held;                /* nothing is written now: the process forks */
    bool each;                /* each text is written at once */
    bool drop;                /* rather than wait for who is writing */
    Py_ssize_t dropped;       /* how many texts */
    PyObject *wake;           /* owned; called when the first bytes are gathered */
} pk_text_file;
extern PyTypeObject pk_text_file_type;

/* Have room for so many bytes and PK_SLACK.  patient: whether to wait for who writes, which is done
 * once.  [gil, let go before PK_AGAIN only] */
pk_room pk_text_file_make_room(pk_text_file *file, size_t size, bool *patient);

/* Write what is gathered, or have it written in time if it may wait and is not yet a block.  0, or −1 with an
 * exception.  [gil, which may be let go meanwhile] */
int pk_text_file_see_to(pk_text_file *file);

/* The same, quick where there is room. */
static inline pk_room
pk_text_file_room(pk_text_file *file, size_t size, bool *patient)
{
    if (PK_UNLIKELY(file->gathered.room - file->gathered.used < size + PK_SLACK ||
                    file->gathered.used > PK_MOST_BYTES || file->error != 0))
        return pk_text_file_make_room(file, size, patient);
    return PK_HAS_ROOM;
}

/* See that what was appended is written when it is due; first: to an empty block.  0, or −1 with
 * an exception.  [gil] */
static inline int
pk_text_file_added(pk_text_file *file, bool first)
{
    if (PK_UNLIKELY(first || file->gathered.used >= PK_BLOCK_BYTES || file->each))
        return pk_text_file_see_to(file);
    return 0;
}

/* ---- accept.c ---- */

/* Whether a plan has the form that pk_accepts reads.  0, or −1 with an exception.  [gil] */
int pk_accept_check(PyObject *plan, const pk_layout *layout);

/* Whether a plan accepts a record.  1, 0, or −1 with an exception.  [gil] */
int pk_accepts(PyObject *plan, const pk_site *site, const pk_measured *measured);

/* The value of a field.  A new reference; NULL with an exception.  [gil] */
PyObject *pk_value(pk_field field, const pk_site *site, const pk_measured *measured);

/* ---- recording.c ---- */

/* A number that no other thread has or had: the system's idents are used again.  [gil] */
uint64_t pk_running_thread(void);

typedef struct pk_recording pk_recording;
extern PyTypeObject pk_recording_type, pk_counter_type;

/* The monotonic time, which is that of records.  [any thread] */
int64_t pk_now_ns(void);

/* Where an event happened. */
typedef struct {
    PyCodeObject *code;
    pk_code *known;
    uint32_t at;         /* as for a site */
    pk_kind kind;
    int line;            /* −1: none */
    bool line_is_known;  /* else it is that of the instruction at */
    PyObject *callable;  /* the built-in function, or NULL */
    const char *builtin; /* its name, as its definition has it, or NULL */
    PyObject *value;     /* what a function returns or yields, or NULL */
    PyFrameObject *frame; /* borrowed; NULL: it is the running thread's */
} pk_place;

/* The frame of the event.  New reference, or NULL.  [gil] */
static inline PyFrameObject *
pk_frame_of(const pk_place *place)
{
    if (place->frame != NULL)
        return (PyFrameObject *)Py_NewRef((PyObject *)place->frame);
    return PyThreadState_GetFrame(PyThreadState_Get());
}

/* ---- calls.c ---- */

typedef struct pk_calls pk_calls;
extern PyTypeObject pk_calls_type;

/* Call Python code for an event.  Raises nothing.  [gil] */
void pk_calls_tell(pk_calls *calls, const pk_place *place);

/* Tell all in a tuple of recordings and calls of an event.  Raises nothing.  [gil] */
void pk_tell(PyObject *listeners, pk_place *place);

/* Tell all recordings in such a tuple that an event was lost to the pending exception, which is
 * taken.  Raises nothing.  [gil] */
void pk_tell_failure(PyObject *listeners);

/* Whether nobody is to be told of an event of the code, in the running thread.  [gil] */
static inline bool
pk_is_hidden(const pk_code *known)
{
    if (known->hidden)
        return true;
    if (PK_LIKELY(PyDict_GET_SIZE(pk_events.hidden) == 0))
        return false;
    PyObject *ident = PyLong_FromUnsignedLong(PyThread_get_thread_ident());
    int found = ident == NULL ? -1 : PyDict_Contains(pk_events.hidden, ident);
    Py_XDECREF(ident);
    if (found < 0)
        PyErr_Clear(); /* for want of memory: the thread is as good as any other */
    return found > 0;
}

/* The name of a built-in function as its definition has it, or NULL for what is none; first: the
 * first argument of the call, or NULL.  [gil] */
static inline const char *
pk_builtin_name(PyObject *callable, PyObject *first)
{
    if (Py_IS_TYPE(callable, &PyFunction_Type))
        return NULL; /* the likely one, whose own events tell */
    if (PyCFunction_Check(callable))
        return ((PyCFunctionObject *)callable)->m_ml->ml_name;
    if (PyObject_TypeCheck(callable, &PyMethodDescr_Type) && first != NULL &&
        PyObject_TypeCheck(first, PyDescr_TYPE(callable)))
        return ((PyMethodDescrObject *)callable)->d_method->ml_name;
    return NULL;
}

/* ---- callbacks.c, or tracing.c where the interpreter has no sys.monitoring ---- */

/* The recordings of each kind; tuples, replaced as a whole.  Owned. */
typedef struct {
    PyObject *functions, *lines;
    PyObject *nobody;  /* owned; callable or None: lets go of events that nobody listens to */
    int64_t since_ns; /* when that was seen to last: at the last change or call of nobody */
} pk_listening;
extern pk_listening pk_listeners;

/* Add to the module what its event mechanism has.  0, or −1 with an exception.  [gil] */
int pk_mechanism_start(PyObject *module);

#endif
