/* process.c -- see process.h. */
#include "process.h"

#include "must.h"

#include <stdio.h>
#include <sys/wait.h>

double process_peak_mib(void)
{
    char line[256];
    double kib = 0;
    FILE *file = fopen("/proc/self/status", "re");

    must(file != NULL, "/proc/self/status");
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %lf", &kib) == 1)
            break;
    fclose(file);
    return kib / 1024;
}

void process_wait(pid_t pid, const char *what)
{
    int status;

    must(pid >= 0, what);
    must(waitpid(pid, &status, 0) == pid, what);
    if (status != 0)
        die("%s failed", what);
}
