/* block.h — text that waits to be written: bytes, numbers, and the way to a descriptor. */
#ifndef PK_BLOCK_H
#define PK_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { PK_BLOCK_BYTES = 256 * 1024 }; /* gathered before they are written */

#define PK_NUMBER_SIZE 20 /* the longest int64_t in decimal, with its sign */

/* A number of at least 0 that is counted up, as text.  What is stored in pieces cannot be loaded
 * as a whole at once, so the text is left alone while only its last two digits change. */
typedef struct {
    int64_t next;  /* the number that differs from text in these digits only; −1: none */
    unsigned pair; /* which are those of this number, of two digits */
    size_t size;   /* of text, at least 2 if there is a next */
    char text[PK_NUMBER_SIZE];
} pk_digits;

/* Owner: whoever holds it, one thread at a time. */
typedef struct {
    char *bytes;
    size_t used, room;
} pk_block;

/* Have room for size bytes more.  0, or −1 for want of memory with the block as it was. */
int pk_block_reserve(pk_block *block, size_t size);

enum { PK_SLACK = 32 }; /* pk_block_copy touches fewer bytes than this past what it copies */

/* Append bytes that there is room for, with PK_SLACK after them on both sides; for few bytes it is
 * quicker than pk_block_put. */
static inline void
pk_block_copy(pk_block *block, const char *bytes, size_t size)
{
    char *to = block->bytes + block->used;
    for (size_t i = 0; i < size; i += PK_SLACK)
        memcpy(to + i, bytes + i, PK_SLACK);
    block->used += size;
}

/* Append bytes that there is room for. */
static inline void
pk_block_put(pk_block *block, const char *bytes, size_t size)
{
    memcpy(block->bytes + block->used, bytes, size);
    block->used += size;
}

/* Append a number, with spaces to a width: '<' after it, '>' before it, '^' around it.  There is
 * room for the width or PK_NUMBER_SIZE, whatever is more, and for PK_SLACK. */
void pk_block_put_number(pk_block *block, int64_t number, char align, size_t width);

/* Append a number of at least 0, to which the digits are brought. */
void pk_block_put_anew(pk_block *block, pk_digits *digits, int64_t number);

extern const char pk_block_pairs[200]; /* 00 … 99 */

/* The same; quick if it is the one after the last.  There is room for PK_SLACK more. */
static inline void
pk_block_put_next(pk_block *block, pk_digits *digits, int64_t number)
{
    if (number != digits->next) {
        pk_block_put_anew(block, digits, number);
        return;
    }
    memcpy(block->bytes + block->used, digits->text, sizeof digits->text);
    block->used += digits->size;
    memcpy(block->bytes + block->used - 2, pk_block_pairs + (size_t)2 * digits->pair, 2);
    digits->pair++;
    digits->next = digits->pair < 100 ? number + 1 : -1;
}

/* Append text of so many characters, with spaces likewise.  There is room for both and PK_SLACK. */
void pk_block_put_text(pk_block *block, const char *text, size_t size, size_t characters,
                       char align, size_t width);

/* Write the block to a descriptor.  0 with the block empty; else an errno, EINTR too, with what is not
 * written yet left in it.  [any thread, nogil] */
int pk_block_write(pk_block *block, int descriptor);

/* Whether a descriptor takes a few bytes without waiting.  [any thread, nogil] */
bool pk_is_ready(int descriptor);

/* The same as pk_block_write(), but for EAGAIN where the rest would have to wait.
 * [any thread, nogil] */
int pk_block_write_at_once(pk_block *block, int descriptor);

/* Put what other holds after the block, and leave other empty.  0, or −1 for want of memory with
 * both as they were. */
int pk_block_take(pk_block *block, pk_block *other);

/* Free the bytes. */
void pk_block_free(pk_block *block);

#endif
