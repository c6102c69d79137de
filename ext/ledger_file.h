/* ledger_file.h — a ledger as a file that other processes read, also when this one is gone.
 *
 * The file is the ledger's region: the bytes that are counted in.  It describes itself.  At its
 * beginning are
 *
 *     0  8  magic "pikosLGR"; anything else: there is nothing to be read
 *     8  4  version of these 32 bytes and of the text's form, 1
 *    12  4  size of the text
 *    16  8  base: the address of byte 0 in the process that counts; pointer − base is an offset
 *    24  8  pointer to the text
 *
 * in the machine's byte order.  The text has a line for each kind of row: its name, its bytes, and
 * its fields as NAME:OFFSET:TYPE, where a type is a letter of Python's struct module (Q: also a
 * pointer), or the name of another row that lies inside.
 *
 * Knows neither Python nor zmq. */
#ifndef PK_LEDGER_FILE_H
#define PK_LEDGER_FILE_H

#include "ledger.h"

#define PK_LEDGER_FILE_VERSION 1

/* What a reader must know beside the rows; all borrowed for the call. */
typedef struct {
    const char *hello; /* JSON */
    size_t hello_size;
    const uint8_t *stream; /* 16 bytes */
    const pk_clock *clock;
    int64_t began_ns; /* monotonic */
    uint32_t epoch;
} pk_ledger_facts;

/* Describe the ledger in its header and keep it in a file at path from now on, in place of the
 * file that is there.  0, or −1 with errno: then it is counted in as before, and no file is left.
 * [gil] */
int pk_ledger_file_keep(pk_ledger *ledger, const pk_ledger_facts *facts, const char *path);

#endif
