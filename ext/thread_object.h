/* thread_object.h — the running thread as threading knows it.  [gil] */
#ifndef PK_THREAD_OBJECT_H
#define PK_THREAD_OBJECT_H

#include "compat.h"

/* The frame that the running thread began with, or NULL.  Owned by the caller.  [gil] */
PyFrameObject *pk_thread_first_frame(void);

/* The threading.Thread that began with that frame, or NULL, perhaps with an exception.  May run the
 * garbage collector.  Owned by the caller.  [gil] */
PyObject *pk_thread_begun(PyFrameObject *first);

/* The object of the thread with that ident, given threading._active, or NULL, perhaps with an
 * exception; *stands_in: it was made for a thread that threading did not begin, and on versions before
 * 3.13 may be left from one that has ended.  Owned by the caller.  [gil] */
PyObject *pk_thread_listed(PyObject *active, unsigned long ident, bool *stands_in);

/* The object of the running thread, given threading._active, also before it is listed there and
 * after; NULL, perhaps with an exception, if it has none.  *foreign: threading did not begin it,
 * which is found out if it is false.  May run the garbage collector.  Owned by the caller.  [gil] */
PyObject *pk_thread_object(PyObject *active, bool *foreign);

#endif
