/* wire.h — messages as bytes: envelopes, and rows of declared tables.  Knows neither Python
 * nor zmq.  The numbers come from wire_tables.h; docs/wire-protocol.md draws the layout. */
#ifndef PK_WIRE_H
#define PK_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire_tables.h"

/* A growable run of at most PK_MESSAGE_MAX bytes.  All-zero is a valid empty buffer.
 * Owner: whoever declared it, who calls pk_buf_free() exactly once. */
typedef struct {
    uint8_t *bytes;  /* owned; NULL while capacity is 0 */
    size_t size;     /* bytes written; size <= capacity */
    size_t capacity; /* bytes allocated */
    bool failed;     /* sticky: the first failed growth sets it */
} pk_buf;

/* Append size bytes; a no-op once the buffer has failed.  [nogil] [one thread per buffer] */
void pk_buf_put(pk_buf *buf, const void *bytes, size_t size);

/* Forget what was written, and a failure, but keep the room.  [nogil] [one thread per buffer] */
void pk_buf_clear(pk_buf *buf);

/* Free the bytes and leave buf empty.  [nogil] [one thread per buffer] */
void pk_buf_free(pk_buf *buf);

/* One value of a row: which member counts is said by the type of its column. */
typedef union {
    int64_t i64;
    double f64;
    struct {
        const char *bytes; /* borrowed; UTF-8 */
        size_t size;
    } str;
} pk_value;

/* Rows of one table on their way into a message.  All-zero is a valid empty block.
 * Owner: whoever declared it, who calls pk_block_free() exactly once. */
typedef struct {
    uint32_t table;
    uint32_t columns;
    uint32_t rows;
    uint32_t room;                /* rows that there are cells for */
    bool failed;                  /* sticky until the next beginning: no room for a row */
    const char *types;            /* one letter per column: i, f or s.  Borrowed */
    size_t size;                  /* bytes that it takes in a message at most, but for padding */
    uint64_t *cells;              /* owned; column by column, room cells each: numbers, or where
                                   * each string ends */
    size_t capacity;              /* cells allocated */
    pk_buf texts[PK_COLUMNS_MAX]; /* bytes of each column's strings */
} pk_block;

/* Start over with rows of table; types is PK_<TABLE>_TYPES.  Keeps the room.
 * [nogil] [one thread per block] */
void pk_block_begin(pk_block *block, uint32_t table, const char *types);

/* Add a row: one value per column.  Strings past PK_STRING_MAX are cut at a character.
 * The caller stops at PK_ROWS_MAX.  [nogil] [one thread per block] */
void pk_block_add(pk_block *block, const pk_value *row);

/* Add a row of a table whose columns are all i64.  [nogil] [one thread per block] */
void pk_block_add_numbers(pk_block *block, const int64_t *row);

/* Free the room and leave block empty.  [nogil] [one thread per block] */
void pk_block_free(pk_block *block);

/* What an envelope says, but for the size. */
typedef struct {
    uint8_t kind;  /* PK_KIND_… */
    uint8_t flags; /* PK_FLAG_… */
    uint8_t stream[16];
    uint64_t sequence;
    int64_t time_ns;
    uint32_t epoch;
} pk_envelope;

/* Start message over with its envelope; a rows message has no blocks yet.
 * [nogil] [one thread per buffer] */
void pk_message_begin(pk_buf *message, const pk_envelope *envelope);

/* Append block to a rows message; a failed block fails the message.  At most PK_BLOCKS_MAX.
 * [nogil] [one thread per buffer] */
void pk_message_add(pk_buf *message, const pk_block *block);

/* Where the rows of a block of numbers go, one after the other. */
typedef struct {
    uint8_t *cell; /* the next row's in the first column; NULL: the message has failed.  Borrowed
                    * from the message, until anything else is done with it */
    size_t column; /* bytes from one column to the next */
} pk_fill;

/* Append a block of a table whose columns are all i64, of so many rows, at most PK_ROWS_MAX; they
 * are to be put there by pk_fill_row, every one.  So many bytes are appended:
 * pk_numbers_size.  [nogil] [one thread per buffer] */
pk_fill pk_message_add_numbers(pk_buf *message, uint32_t table, uint32_t columns, uint32_t rows);

/* Bytes that a block of numbers takes in a message. */
static inline size_t
pk_numbers_size(uint32_t columns, uint32_t rows)
{
    return PK_BLOCK_SIZE + (size_t)8 * columns * rows;
}

/* Put value at at, the lowest byte first. */
static inline void
pk_write_u64(uint8_t *at, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* Put the next row.  [nogil] [one thread per buffer] */
static inline void
pk_fill_row(pk_fill *fill, const int64_t *row, uint32_t columns)
{
    if (fill->cell == NULL)
        return;
    for (uint32_t i = 0; i < columns; i++)
        pk_write_u64(fill->cell + fill->column * i, (uint64_t)row[i]);
    fill->cell += 8;
}

/* Finish message: it is whole unless it has failed.  [nogil] [one thread per buffer] */
void pk_message_end(pk_buf *message);

#endif
