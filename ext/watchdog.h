/* watchdog.h — end the process in time where Python cannot handle a signal that has come.
 *
 * CPython's handler of a signal only sets a flag: the Python function runs when the main thread
 * runs Python code again.  It does not while a C call keeps the GIL or does not return, and a
 * blocking call that begins just after the flag was set is not interrupted.  So a handler around
 * CPython's sets a timer, which sends the signal again, to the main thread: a blocking call then
 * ends with EINTR.  If Python has not begun to handle the signal after PK_WATCHDOG_PATIENCE_NS,
 * the handler itself ends the process by the signal's default action, when another program has
 * saved what the process cannot save any more.
 *
 * Knows neither Python nor zmq.  Does nothing where the system has no POSIX timers (macOS). */
#ifndef PK_WATCHDOG_H
#define PK_WATCHDOG_H

#include <stdbool.h>

#define PK_WATCHDOG_AGAIN_NS 150000000    /* the signal is sent again, and again */
#define PK_WATCHDOG_PATIENCE_NS 300000000 /* then Python is waited for no longer */
#define PK_WATCHDOG_END_NS 900000000      /* nor, then, the program that saves */
#define PK_WATCHDOG_SECOND_NS 1000000000  /* a signal this long after the first is obeyed at once */

/* Watch over a signal, whose handler is CPython's at this moment; again after each time that it
 * was set.  After pk_watchdog_arm().  0, or an error number.  [gil] */
int pk_watchdog_cover(int number);

/* Have signals watched over end this process, from now on and until pk_watchdog_disarm().
 * command is the program that saves, with its arguments and a NULL at the end; empty: there is
 * none.  It runs in the environment of this moment.  Everything is copied.  0, or an error number,
 * and then no signal ends it.  The first time in the main thread.  [gil] */
int pk_watchdog_arm(char *const *command);

/* Let signals only reach Python, which has begun to save; but one that comes a second or more after
 * the first ends the process at once: whatever saving waits for may not come.  Does not return if
 * the process is being ended.  [gil] */
void pk_watchdog_disarm(void);

#endif
