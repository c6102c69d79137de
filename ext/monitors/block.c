/* block.c — text that waits to be written. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* fallocate */
#endif
#include "block.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"

#define FIRST_ROOM (PK_BLOCK_BYTES + (size_t)16 * 1024)

const char pk_block_pairs[200] = "00010203040506070809101112131415161718192021222324"
                                 "25262728293031323334353637383940414243444546474849"
                                 "50515253545556575859606162636465666768697071727374"
                                 "75767778798081828384858687888990919293949596979899";

int
pk_block_reserve(pk_block *block, size_t size)
{
    if (block->room - block->used >= size)
        return 0;
    size_t room = block->room == 0 ? FIRST_ROOM : block->room;
    while (room - block->used < size) {
        if (room > SIZE_MAX / 2)
            return -1;
        room *= 2;
    }
    char *bytes = pk_realloc(block->bytes, room);
    if (bytes == NULL)
        return -1;
    block->bytes = bytes;
    block->room = room;
    return 0;
}

/* Append so many spaces; there is room for PK_SLACK more. */
static void
put_spaces(pk_block *block, size_t count)
{
    static const char spaces[32] = "                                ";
    char *to = block->bytes + block->used;
    if (count <= 16)
        memcpy(to, spaces, 16); /* into the slack, at worst */
    else
        memset(to, ' ', count);
    block->used += count;
}

void
pk_block_put_text(pk_block *block, const char *text, size_t size, size_t characters, char align,
                  size_t width)
{
    size_t spaces = width > characters ? width - characters : 0;
    size_t before = align == '>' ? spaces : align == '^' ? spaces / 2 : 0;
    put_spaces(block, before);
    pk_block_put(block, text, size);
    put_spaces(block, spaces - before);
}

void
pk_block_put_number(pk_block *block, int64_t number, char align, size_t width)
{
    char text[PK_NUMBER_SIZE];
    char *begin = text + sizeof text;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    while (rest >= 100) {
        begin -= 2;
        memcpy(begin, pk_block_pairs + 2 * (rest % 100), 2);
        rest /= 100;
    }
    if (rest >= 10) {
        begin -= 2;
        memcpy(begin, pk_block_pairs + 2 * rest, 2);
    } else {
        *--begin = (char)('0' + rest);
    }
    if (number < 0)
        *--begin = '-';
    size_t size = (size_t)(text + sizeof text - begin);
    if (width == 0)
        pk_block_put(block, begin, size);
    else
        pk_block_put_text(block, begin, size, size, align, width);
}

void
pk_block_put_anew(pk_block *block, pk_digits *digits, int64_t number)
{
    pk_block text = {digits->text, 0, sizeof digits->text}; /* not to be freed */
    pk_block_put_number(&text, number, '<', 0);
    digits->size = text.used;
    digits->pair = (unsigned)(number % 100) + 1;
    digits->next = number >= 10 && digits->pair < 100 ? number + 1 : -1;
    pk_block_put(block, digits->text, digits->size);
}

/* Have room on the disk for what is appended next: the system finds it for many pages at once in
 * a half of the time that it takes it page by page.  Where that cannot be, nothing is lost. */
static void
allocate(int descriptor, size_t size)
{
#ifdef FALLOC_FL_KEEP_SIZE
    struct stat status;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode))
        (void)fallocate(descriptor, FALLOC_FL_KEEP_SIZE, status.st_size, (off_t)size);
#else
    (void)descriptor;
    (void)size;
#endif
}

bool
pk_is_ready(int descriptor)
{
    struct pollfd one = {.fd = descriptor, .events = POLLOUT};
    return poll(&one, 1, 0) > 0; /* also where a write fails */
}

/* Write in pieces of so many bytes at most; at_once: as long as none waits. */
static int
write_pieces(pk_block *block, int descriptor, size_t most, bool at_once)
{
    size_t written = 0;
    int error = 0;
    while (written < block->used && error == 0) {
        size_t size = block->used - written < most ? block->used - written : most;
        ssize_t done = -1;
        errno = EAGAIN;
        if (!at_once || pk_is_ready(descriptor))
            done = write(descriptor, block->bytes + written, size);
        if (done >= 0)
            written += (size_t)done;
        else
            error = errno;
    }
    block->used -= written;
    memmove(block->bytes, block->bytes + written, block->used);
    return error;
}

int
pk_block_write(pk_block *block, int descriptor)
{
    if (block->used >= PK_BLOCK_BYTES)
        allocate(descriptor, block->used);
    return write_pieces(block, descriptor, SIZE_MAX, false);
}

int
pk_block_write_at_once(pk_block *block, int descriptor)
{
    return write_pieces(block, descriptor, PIPE_BUF, true); /* which a pipe that is ready takes */
}

int
pk_block_take(pk_block *block, pk_block *other)
{
    if (pk_block_reserve(block, other->used) < 0)
        return -1;
    if (other->used > 0)
        pk_block_put(block, other->bytes, other->used);
    other->used = 0;
    return 0;
}

void
pk_block_free(pk_block *block)
{
    free(block->bytes);
    *block = (pk_block){0};
}
