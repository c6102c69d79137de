/* bounds.c — the memory that the process may have, and the contexts that fit a part of it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bounds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ledger.h"

#define SHARE 16          /* one part in so many is for contexts */
#define CONTEXT_BYTES 200 /* that one takes, all in */
#define PATH_SIZE 4096

static uint64_t
least(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

/* The number that a file holds, or UINT64_MAX if it holds none. */
static uint64_t
number_in(const char *path)
{
    uint64_t number = UINT64_MAX;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return number;
    if (fscanf(file, "%" SCNu64, &number) != 1)
        number = UINT64_MAX; /* "max" */
    fclose(file);
    return number;
}

/* The least limit of a control group and those above it.  root: where its hierarchy is
 * mounted; group: its path in it, which is shortened. */
static uint64_t
limit_of_group(const char *root, char *group, const char *name)
{
    uint64_t limit = UINT64_MAX;
    char path[PATH_SIZE];
    for (;;) {
        int size = snprintf(path, sizeof path, "%s%s/%s", root, group, name);
        if (size > 0 && (size_t)size < sizeof path)
            limit = least(limit, number_in(path));
        char *end = strrchr(group, '/');
        if (end == NULL)
            return limit;
        *end = '\0';
    }
}

/* The limit of the control groups that the process is in, of version 1 or 2. */
static uint64_t
limit_of_groups(void)
{
    uint64_t limit = UINT64_MAX;
    char line[PATH_SIZE];
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (file == NULL)
        return limit;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (group == NULL)
            continue;
        *group++ = '\0';
        if (controllers[1] == '\0')
            limit = least(limit, limit_of_group("/sys/fs/cgroup", group, "memory.max"));
        else if (strstr(controllers, "memory") != NULL)
            limit = least(limit, limit_of_group("/sys/fs/cgroup/memory", group,
                                                "memory.limit_in_bytes"));
    }
    fclose(file);
    return limit;
}

uint32_t
pk_bounds_contexts(void)
{
    uint64_t bytes = limit_of_groups();
    struct rlimit space;
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
        bytes = least(bytes, space.rlim_cur);
#ifdef _SC_PHYS_PAGES
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_size = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page_size > 0)
        bytes = least(bytes, (uint64_t)pages * (uint64_t)page_size);
#endif
    uint64_t contexts = bytes / SHARE / CONTEXT_BYTES;
    if (contexts < PK_TREE_NODES_MIN)
        return PK_TREE_NODES_MIN;
    return (uint32_t)least(contexts, PK_TREE_NODES_MAX);
}
