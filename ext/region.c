/* region.c — reserving, growing, backing and replacing the region's mapping. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* mremap */
#endif
#include "region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

#define STEP ((size_t)256 * 1024)  /* the least that is made ready at a time; whole pages */
#define SHARE 16                   /* or one part in this many of what is ready, if that is more */
#define RESERVE_MIN (16 * STEP)    /* less address space makes no region */
#define AS_SHARE 16                /* of RLIMIT_AS one part in this many is reserved */
#define INTERRUPTIONS_MAX 100      /* of one allocation in a file, by signals */
#define PATH_LENGTH_MAX 4096

static size_t
rounded_up(size_t size, size_t unit)
{
    return (size + unit - 1) & ~(unit - 1);
}

/* Map length bytes at address in place of what is there, from the file (-1: none).  Shared, so
 * that a fork copies no page tables.  false: what was there stays. */
static bool
map(char *address, size_t length, int file, size_t offset)
{
    int flags = MAP_SHARED | MAP_FIXED | (file < 0 ? MAP_ANONYMOUS : 0);
    return mmap(address, length, PROT_READ | PROT_WRITE, flags, file, (off_t)offset) !=
           MAP_FAILED;
}

/* Make address space in place of what is there.  NULL address: anywhere. */
static void *
reserve(char *address, size_t length)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (address != NULL ? MAP_FIXED : 0);
    void *made = mmap(address, length, PROT_NONE, flags, -1, 0);
    return made == MAP_FAILED ? NULL : made;
}

/* Not much of the address space that the process is limited to: the program needs it, too. */
static size_t
fair_share(size_t limit)
{
    struct rlimit most;
    if (getrlimit(RLIMIT_AS, &most) == 0 && most.rlim_cur != RLIM_INFINITY &&
        most.rlim_cur / AS_SHARE < limit)
        limit = (size_t)most.rlim_cur / AS_SHARE;
    return limit > RESERVE_MIN ? limit : RESERVE_MIN;
}

int
pk_region_open(pk_region *region, size_t limit)
{
    *region = (pk_region){.file = -1};
    if (pk_alloc_fails())
        return -1;
    limit = fair_share(limit);
    for (size_t size = rounded_up(limit, STEP); size >= RESERVE_MIN;
         size = rounded_up(size / 2, STEP)) {
        region->base = reserve(NULL, size);
        region->reserved = size;
        if (region->base != NULL)
            return 0;
        if (size == RESERVE_MIN)
            break;
    }
    *region = (pk_region){.file = -1};
    return -1;
}

/* Whether the file is still behind its descriptor. */
static bool
has_file(const pk_region *region)
{
    struct stat found;
    return region->backed && fstat(region->file, &found) == 0 &&
           found.st_dev == region->device && found.st_ino == region->inode;
}

/* Have the file system allocate the bytes from offset on: then touching them cannot fail.  More
 * than RLIMIT_FSIZE is not even tried, for it would send SIGXFSZ.  0, or −1 with errno. */
static int
allocate(int file, size_t offset, size_t length)
{
    struct rlimit most;
    if (getrlimit(RLIMIT_FSIZE, &most) == 0 && most.rlim_cur != RLIM_INFINITY &&
        offset + length > most.rlim_cur) {
        errno = EFBIG;
        return -1;
    }
#if defined(__linux__)
    for (int i = 0; i < INTERRUPTIONS_MAX; i++) {
        errno = posix_fallocate(file, (off_t)offset, (off_t)length);
        if (errno != EINTR)
            break;
    }
    return errno == 0 ? 0 : -1;
#else
    (void)file;
    errno = ENOTSUP;
    return -1;
#endif
}

static void
drop_file(pk_region *region)
{
    if (has_file(region))
        close(region->file);
    region->backed = false;
    region->file = -1;
}

/* Go on in anonymous memory with the same content.  Who reads meanwhile notices nothing, because
 * one system call puts the copy in place.  The file has no state any more; it is
 * not made shorter, because a forked child may still have it mapped. */
static bool
leave_file(pk_region *region)
{
#if defined(__linux__)
    void *copy = mmap(NULL, region->ready, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
    if (copy == MAP_FAILED)
        return false;
    memcpy(copy, region->base, region->used);
    if (mremap(copy, region->ready, region->ready, MREMAP_MAYMOVE | MREMAP_FIXED,
               region->base) == MAP_FAILED) {
        munmap(copy, region->ready);
        return false;
    }
    static const char nothing[PK_REGION_MARK];
    if (has_file(region))
        (void)!pwrite(region->file, nothing, sizeof nothing, 0);
    drop_file(region);
    return true;
#else
    (void)region;
    return false;
#endif
}

/* Make at least size more bytes ready. */
static bool
grow(pk_region *region, size_t size)
{
    size_t length = rounded_up(size > region->ready / SHARE ? size : region->ready / SHARE, STEP);
    size_t left = region->reserved - region->ready;
    if (length > left)
        length = rounded_up(size, STEP);
    if (length > left)
        return false;
    char *end = region->base + region->ready;
    if (region->backed) {
        if (has_file(region) && allocate(region->file, region->ready, length) == 0 &&
            map(end, length, region->file, region->ready)) {
            region->ready += length;
            return true;
        }
        if (!leave_file(region))
            return false;
    }
    if (!map(end, length, -1, 0))
        return false;
    region->ready += length;
    return true;
}

void *
pk_region_take(pk_region *region, size_t size, size_t alignment)
{
    if (pk_alloc_fails() || size > region->reserved)
        return NULL;
    size_t at = rounded_up(region->used, alignment);
    if (at + size > region->ready && !grow(region, at + size - region->ready))
        return NULL;
    region->used = at + size;
    return region->base + at;
}

/* Put what the region has into an open file, and map that.  0, or −1 with errno. */
static int
move_into(pk_region *region, int file)
{
    struct stat found;
    if (fstat(file, &found) < 0 || allocate(file, 0, region->ready) < 0)
        return -1;
    void *copy = mmap(NULL, region->ready, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (copy == MAP_FAILED)
        return -1;
    memcpy(copy, region->base, region->used);
    munmap(copy, region->ready);
    if (!map(region->base, region->ready, file, 0))
        return -1;
    drop_file(region);
    region->backed = true;
    region->file = file;
    region->device = found.st_dev;
    region->inode = found.st_ino;
    return 0;
}

int
pk_region_back(pk_region *region, const char *path)
{
    char fresh[PATH_LENGTH_MAX];
    if (region->ready == 0 && !grow(region, STEP)) {
        errno = ENOMEM;
        return -1;
    }
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int file = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return -1;
    int failed = move_into(region, file) < 0 ? errno : 0;
    if (failed)
        close(file);
    else if (rename(fresh, path) == 0)
        return 0;
    else
        failed = errno; /* it is backed by a file that nobody can find; that does no harm */
    unlink(fresh);
    errno = failed;
    return -1;
}

int
pk_region_replace(pk_region *region)
{
    size_t ready = STEP;
    if (region->base == NULL)
        return 0;
    if (!map(region->base, ready, -1, 0))
        return -1;
    (void)reserve(region->base + ready, region->reserved - ready);
    drop_file(region);
    region->ready = ready;
    region->used = 0;
    return 0;
}

void
pk_region_close(pk_region *region)
{
    if (region->base != NULL)
        munmap(region->base, region->reserved);
    drop_file(region);
    *region = (pk_region){.file = -1};
}
