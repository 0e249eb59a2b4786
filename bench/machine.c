/* machine.c -- see machine.h. */
#include "machine.h"

#include "must.h"

#include <mntent.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

struct mounted {
    char type[64], device[256], options[256];
};

/* Of the mount points that lead to the path the longest is the one; of equal ones, the last. */
static struct mounted mounted_at(const char *path)
{
    struct mounted found = {"unknown", "?", ""};
    FILE *file = setmntent("/proc/self/mounts", "r");
    size_t longest = 0;

    for (const struct mntent *mount; file != NULL && (mount = getmntent(file)) != NULL;) {
        const size_t n = strlen(mount->mnt_dir);
        if (strncmp(path, mount->mnt_dir, n) != 0 || (n > 1 && path[n] != '/' && path[n] != '\0') ||
            n < longest)
            continue;
        longest = n;
        snprintf(found.type, sizeof found.type, "%s", mount->mnt_type);
        snprintf(found.device, sizeof found.device, "%s", mount->mnt_fsname);
        snprintf(found.options, sizeof found.options, "%s", mount->mnt_opts);
    }
    if (file != NULL)
        endmntent(file);
    return found;
}

/* A disk that says "write back" must be told to flush at each sync. A partition has its disk's queue. */
static void write_cache(const char *place, char *cache, size_t size)
{
    struct stat info;
    char path[96];

    snprintf(cache, size, "unknown");
    for (int i = 0; i < 2 && stat(place, &info) == 0; i++) {
        snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%squeue/write_cache", major(info.st_dev),
                 minor(info.st_dev), i == 0 ? "" : "../");
        FILE *file = fopen(path, "re");
        if (file == NULL)
            continue;
        if (fgets(cache, (int)size, file) != NULL)
            cache[strcspn(cache, "\n")] = '\0';
        fclose(file);
    }
}

void machine_note(struct notes *notes, const char *path)
{
    const struct mounted mounted = mounted_at(path);
    struct utsname kernel;
    cpu_set_t cpus;
    char cache[32];

    uname(&kernel);
    write_cache(path, cache, sizeof cache);
    notes_add(notes, "%s %s %s, %d cores, %.0f GiB of memory", kernel.sysname, kernel.release, kernel.machine,
              sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 0,
              (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / (1 << 30));
    notes_add(notes, "%s on %s (%s), the disk's write cache: %s", mounted.type, mounted.device,
              mounted.options, cache);
    if (strcmp(mounted.type, "tmpfs") == 0 || strcmp(mounted.type, "ramfs") == 0)
        notes_add(notes,
                  "**%s is memory: nothing is durable here, and no figure tells anything about a disk.**",
                  mounted.type);
}

double machine_others_seconds(void)
{
    double t[8] = {0}, busy = 0; /* user, nice, system, idle, iowait, irq, softirq, steal */
    FILE *file = fopen("/proc/stat", "re");

    if (file == NULL || fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &t[0], &t[1], &t[2], &t[3], &t[4],
                               &t[5], &t[6], &t[7]) != 8)
        die("/proc/stat cannot be read");
    fclose(file);
    busy = (t[0] + t[1] + t[2] + t[5] + t[6] + t[7]) / (double)sysconf(_SC_CLK_TCK);
    for (int i = 0; i < 2; i++) {
        struct rusage usage;
        getrusage(i == 0 ? RUSAGE_SELF : RUSAGE_CHILDREN, &usage);
        busy -= (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
        busy -= (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    }
    return busy;
}
