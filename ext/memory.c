/* memory.c — the resident set and virtual size of this process, system by system. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pread, O_CLOEXEC */
#endif
#include "memory.h"

#if defined(__linux__)

#include <fcntl.h>
#include <unistd.h>

void
pk_memory_open(pk_memory *memory)
{
    memory->descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    memory->page_bytes = sysconf(_SC_PAGESIZE);
}

/* The number at *text, which is moved past it and one separator. */
static int64_t
take_number(const char **text)
{
    int64_t number = 0;
    while (**text >= '0' && **text <= '9')
        number = number * 10 + (*(*text)++ - '0');
    if (**text == ' ')
        ++*text;
    return number;
}

void
pk_memory_read(const pk_memory *memory, int64_t *rss_bytes, int64_t *vms_bytes)
{
    char line[128];
    ssize_t size = pread(memory->descriptor, line, sizeof line - 1, 0);
    line[size > 0 ? size : 0] = '\0';
    const char *text = line;
    *vms_bytes = take_number(&text) * memory->page_bytes;
    *rss_bytes = take_number(&text) * memory->page_bytes;
}

void
pk_memory_close(pk_memory *memory)
{
    if (memory->descriptor >= 0)
        close(memory->descriptor);
    memory->descriptor = -1;
}

#else

#if defined(__APPLE__)
#include <mach/mach.h>
#endif

void
pk_memory_open(pk_memory *memory)
{
    memory->descriptor = -1;
    memory->page_bytes = 0;
}

void
pk_memory_read(const pk_memory *memory, int64_t *rss_bytes, int64_t *vms_bytes)
{
    (void)memory;
    *rss_bytes = *vms_bytes = 0;
#if defined(__APPLE__)
    struct mach_task_basic_info info;
    mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
    if (task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)&info, &count) ==
        KERN_SUCCESS) {
        *rss_bytes = (int64_t)info.resident_size;
        *vms_bytes = (int64_t)info.virtual_size;
    }
#endif
}

void
pk_memory_close(pk_memory *memory)
{
    (void)memory;
}

#endif
