/* wire.c — appending bytes, columns and blocks; every number little-endian. */
#include "wire.h"

#include <string.h>

#include "alloc.h"

#define FIRST_CAPACITY 64
#define FIRST_ROWS 64
#define CELL_SIZE sizeof(uint64_t)

static const uint8_t zeros[8];

/* Room for n more bytes, or NULL with buf->failed set.  On failure the bytes already
 * written stay valid and owned.  PK_MESSAGE_MAX keeps the sums from overflowing. */
static uint8_t *
reserve(pk_buf *buf, size_t n)
{
    if (buf->failed)
        return NULL;
    if (n > PK_MESSAGE_MAX - buf->size) {
        buf->failed = true;
        return NULL;
    }
    if (buf->capacity - buf->size < n) {
        size_t wider = buf->capacity * 2 + n + FIRST_CAPACITY;
        if (wider > PK_MESSAGE_MAX)
            wider = PK_MESSAGE_MAX;
        uint8_t *grown = pk_realloc(buf->bytes, wider);
        if (grown == NULL) {
            buf->failed = true;
            return NULL;
        }
        buf->bytes = grown;
        buf->capacity = wider; /* only now that everything else is done */
    }
    uint8_t *at = buf->bytes + buf->size;
    buf->size += n;
    return at;
}

static void
write_u16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void
write_u32(uint8_t *at, uint32_t value)
{
    write_u16(at, value);
    write_u16(at + 2, value >> 16);
}

static uint32_t
read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

void
pk_buf_put(pk_buf *buf, const void *bytes, size_t size)
{
    uint8_t *at = reserve(buf, size);
    if (at != NULL && size > 0)
        memcpy(at, bytes, size);
}

void
pk_buf_clear(pk_buf *buf)
{
    buf->size = 0;
    buf->failed = false;
}

void
pk_buf_free(pk_buf *buf)
{
    free(buf->bytes);
    memset(buf, 0, sizeof *buf);
}

/* How many of size bytes of UTF-8 are sent: not past the limit, and no broken character. */
static size_t
cut(const char *bytes, size_t size)
{
    if (size <= PK_STRING_MAX)
        return size;
    size_t end = PK_STRING_MAX;
    while (end > 0 && ((uint8_t)bytes[end] & 0xc0) == 0x80)
        end--;
    return end;
}

void
pk_block_begin(pk_block *block, uint32_t table, const char *types)
{
    block->table = table;
    block->columns = (uint32_t)strlen(types);
    block->rows = 0;
    block->room = (uint32_t)(block->capacity / block->columns);
    block->failed = false;
    block->types = types;
    block->size = PK_BLOCK_SIZE;
    for (uint32_t i = 0; i < block->columns; i++)
        pk_buf_clear(&block->texts[i]);
}

/* Make room for twice as many rows.  0, or −1 with the block as it was. */
static int
widen(pk_block *block)
{
    uint32_t room = block->room > 0 ? block->room * 2 : FIRST_ROWS;
    size_t capacity = (size_t)room * block->columns;
    uint64_t *cells = pk_realloc(block->cells, capacity * CELL_SIZE);
    if (cells == NULL)
        return -1;
    for (uint32_t i = block->columns - 1; i > 0; i--) /* the last first: none lands on another */
        memmove(cells + (size_t)i * room, cells + (size_t)i * block->room,
                CELL_SIZE * block->rows);
    block->cells = cells;
    block->capacity = capacity;
    block->room = room;
    return 0;
}

/* The first column's cell of one more row, the others' room cells further each; or NULL.  The
 * row is counted in either case, so that no failed block looks empty. */
static uint64_t *
next_row(pk_block *block)
{
    if (!block->failed && block->rows == block->room && widen(block) < 0)
        block->failed = true;
    uint32_t row = block->rows++;
    block->size += CELL_SIZE * block->columns;
    return block->failed ? NULL : block->cells + row;
}

/* Add a string to column i: where it ends in the column's bytes. */
static uint64_t
add_text(pk_block *block, uint32_t i, const pk_value *value)
{
    size_t size = cut(value->str.bytes, value->str.size);
    pk_buf_put(&block->texts[i], value->str.bytes, size);
    block->size += size;
    return block->texts[i].size;
}

void
pk_block_add(pk_block *block, const pk_value *row)
{
    uint64_t *cell = next_row(block);
    if (cell == NULL)
        return;
    for (uint32_t i = 0; i < block->columns; i++, cell += block->room) {
        if (block->types[i] == 's')
            *cell = add_text(block, i, &row[i]);
        else
            memcpy(cell, &row[i], sizeof *cell);
    }
}

void
pk_block_add_numbers(pk_block *block, const int64_t *row)
{
    uint64_t *cell = next_row(block);
    if (cell == NULL)
        return;
    for (uint32_t i = 0; i < block->columns; i++, cell += block->room)
        *cell = (uint64_t)row[i];
}

void
pk_block_free(pk_block *block)
{
    free(block->cells);
    for (uint32_t i = 0; i < PK_COLUMNS_MAX; i++)
        pk_buf_free(&block->texts[i]);
    memset(block, 0, sizeof *block);
}

void
pk_message_begin(pk_buf *message, const pk_envelope *envelope)
{
    pk_buf_clear(message);
    uint8_t *at = reserve(message, PK_ENVELOPE_SIZE);
    if (at == NULL)
        return;
    memcpy(at + PK_AT_MAGIC, PK_WIRE_MAGIC, 4);
    write_u16(at + PK_AT_VERSION, PK_WIRE_VERSION);
    at[PK_AT_KIND] = envelope->kind;
    at[PK_AT_FLAGS] = envelope->flags;
    memcpy(at + PK_AT_STREAM, envelope->stream, sizeof envelope->stream);
    pk_write_u64(at + PK_AT_SEQUENCE, envelope->sequence);
    pk_write_u64(at + PK_AT_TIME_NS, (uint64_t)envelope->time_ns);
    write_u32(at + PK_AT_EPOCH, envelope->epoch);
    write_u32(at + PK_AT_SIZE, 0);
    if (envelope->kind == PK_KIND_ROWS)
        pk_buf_put(message, zeros, PK_BODY_SIZE);
}

/* The cells of column i. */
static const uint64_t *
column_of(const pk_block *block, uint32_t i)
{
    return block->cells + (size_t)i * block->room;
}

/* Append a column of numbers. */
static void
add_numbers(pk_buf *message, const pk_block *block, uint32_t i)
{
    const uint64_t *column = column_of(block, i);
    uint8_t *at = reserve(message, CELL_SIZE * (size_t)block->rows);
    if (at == NULL)
        return;
    for (uint32_t row = 0; row < block->rows; row++)
        pk_write_u64(at + CELL_SIZE * row, column[row]);
}

/* Append zeros up to a multiple of 8 bytes. */
static void
align(pk_buf *message)
{
    pk_buf_put(message, zeros, (8 - message->size % 8) % 8);
}

/* Append a column of strings: where each ends, then their bytes. */
static void
add_strings(pk_buf *message, const pk_block *block, uint32_t i)
{
    const uint64_t *column = column_of(block, i);
    uint8_t *at = reserve(message, 4 * (size_t)block->rows);
    if (at == NULL)
        return;
    for (uint32_t row = 0; row < block->rows; row++)
        write_u32(at + 4 * row, (uint32_t)column[row]);
    align(message);
    message->failed |= block->texts[i].failed;
    pk_buf_put(message, block->texts[i].bytes, block->texts[i].size);
    align(message);
}

/* Append what a block begins with, for so many bytes that follow, and count the block.  False if
 * the message has failed. */
static bool
begin_block(pk_buf *message, uint32_t table, uint32_t rows, uint32_t columns, size_t size)
{
    uint8_t *start = reserve(message, PK_BLOCK_SIZE);
    if (start == NULL)
        return false;
    write_u32(start, table);
    write_u32(start + 4, rows);
    write_u32(start + 8, columns);
    write_u32(start + 12, 0);
    pk_write_u64(start + 16, size);
    uint8_t *blocks = message->bytes + PK_ENVELOPE_SIZE;
    write_u32(blocks, read_u32(blocks) + 1);
    return true;
}

void
pk_message_add(pk_buf *message, const pk_block *block)
{
    message->failed |= block->failed;
    if (!begin_block(message, block->table, block->rows, block->columns, 0))
        return;
    size_t begin = message->size;
    for (uint32_t i = 0; i < block->columns; i++) {
        if (block->types[i] == 's')
            add_strings(message, block, i);
        else
            add_numbers(message, block, i);
    }
    if (!message->failed)
        pk_write_u64(message->bytes + begin - 8, message->size - begin);
}

pk_fill
pk_message_add_numbers(pk_buf *message, uint32_t table, uint32_t columns, uint32_t rows)
{
    size_t size = pk_numbers_size(columns, rows) - PK_BLOCK_SIZE;
    uint8_t *cells =
        begin_block(message, table, rows, columns, size) ? reserve(message, size) : NULL;
    return (pk_fill){cells, CELL_SIZE * (size_t)rows};
}

void
pk_message_end(pk_buf *message)
{
    if (!message->failed)
        write_u32(message->bytes + PK_AT_SIZE, (uint32_t)message->size);
}
