/* sandbox.c -- see sandbox.h. */
#include "torture/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture/image.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static bool complain(const char *what)
{
    fprintf(stderr, "cairn-torture: no sandbox: %s: %s\n", what, strerror(errno));
    return false;
}

static bool write_file(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return ok;
}

/* be_somebody -- in a new user namespace one is nobody until it is said who one is. */
static bool be_somebody(uid_t user, gid_t group)
{
    char text[64];

    snprintf(text, sizeof(text), "%u %u 1", user, user);
    if (!write_file("/proc/self/uid_map", text))
        return complain("/proc/self/uid_map");
    if (!write_file("/proc/self/setgroups", "deny"))
        return complain("/proc/self/setgroups");
    snprintf(text, sizeof(text), "%u %u 1", group, group);
    return write_file("/proc/self/gid_map", text) || complain("/proc/self/gid_map");
}

/* leave -- into namespaces of its own; its next child is the first process of a PID namespace. */
static bool leave(void)
{
    const uid_t user = geteuid();
    const gid_t group = getegid();

    if (user != 0 || unshare(CLONE_NEWNS | CLONE_NEWPID) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) != 0)
            return complain("namespaces are not permitted here");
        if (!be_somebody(user, group))
            return false;
    }
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 || complain("making the mounts private");
}

/* make_in_shm -- makes a directory, if it should be below /dev/shm, which is empty. */
static void make_in_shm(const struct sandbox *sandbox, const char *dir)
{
    char path[4096];

    if (strncmp(dir, sandbox->scratch, strlen(sandbox->scratch)) != 0 || strlen(dir) >= sizeof(path))
        return;
    memcpy(path, dir, strlen(dir) + 1);
    for (char *at = path + strlen(sandbox->scratch) + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        (void)mkdir(path, 0755);
        *at = '/';
    }
    (void)mkdir(path, 0755);
}

/* furnish -- the mounts, in the first process of the PID namespace. */
static bool furnish(struct sandbox *sandbox)
{
    char cwd[4096], boot[96];

    if (getcwd(cwd, sizeof(cwd)) == NULL)
        return complain("the current directory");
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
        return complain("/proc cannot be mounted");
    snprintf(sandbox->scratch, sizeof(sandbox->scratch), "/dev/shm");
    if (mount("tmpfs", sandbox->scratch, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0777") != 0)
        return complain("a tmpfs cannot be mounted on /dev/shm");
    snprintf(boot, sizeof(boot), "%s/boot_id", sandbox->scratch);
    const int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, sandbox->boot, sizeof(sandbox->boot) - 1) < 0)
        return complain(BOOT_ID);
    close(fd);
    sandbox->boots = write_file(boot, sandbox->boot) && mount(boot, BOOT_ID, NULL, MS_BIND, NULL) == 0;
    /* It may have been in the /dev/shm that is covered now. And if the check unmounts what is laid out, it
     * finds an empty place below, and not the user's directory. */
    make_in_shm(sandbox, sandbox->dir);
    make_in_shm(sandbox, cwd);
    if (mount("tmpfs", sandbox->dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "mode=0555") != 0 ||
        mount("tmpfs", sandbox->dir, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) {
        fprintf(stderr, "cairn-torture: %s: a tmpfs cannot be mounted there: %s\n", sandbox->dir,
                strerror(errno));
        return false;
    }
    /* The current directory may be within it: one that has the same path. */
    if (chdir(cwd) != 0)
        return complain("the current directory cannot be entered, or is within the one that is tortured");
    sandbox->fd = open(sandbox->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return sandbox->fd >= 0 || complain(sandbox->dir);
}

/* die_with -- ends when the parent does; that may have happened already. */
static void die_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(SANDBOX_REFUSED);
}

static int outer(struct sandbox *sandbox, sandbox_fn *function, void *arg)
{
    int status, go[2];
    char byte = 0;

    if (pipe2(go, O_CLOEXEC) != 0 || !leave())
        return SANDBOX_REFUSED;
    const pid_t inner = fork();
    if (inner < 0)
        return SANDBOX_REFUSED;
    if (inner == 0) {
        /* Our parent is outside of the namespace, and has no number here: the pipe tells if it is there. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(go[1]);
        if (read(go[0], &byte, 1) != 1 || !furnish(sandbox))
            _exit(SANDBOX_REFUSED);
        const int code = function(sandbox, arg);
        fflush(NULL);
        _exit(code);
    }
    close(go[0]);
    if (write(go[1], &byte, 1) != 1)
        return SANDBOX_REFUSED;
    while (waitpid(inner, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : SANDBOX_REFUSED;
}

pid_t sandbox_start(const char *dir, sandbox_fn *function, void *arg)
{
    struct sandbox sandbox = {.dir = dir, .fd = -1};
    const pid_t parent = getpid();

    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        die_with(parent);
        _exit(outer(&sandbox, function, arg));
    }
    return pid;
}

/* empty -- removes all that is in the directory of that name. */
static bool empty(int dir, const char *name)
{
    const int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    bool ok = list != NULL;

    if (fd >= 0)
        (void)fchmod(fd, 0700); /* a check, or a crash, may have left it closed */
    while (ok && (entry = readdir(list)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(fd, entry->d_name, 0) != 0)
            ok =
                errno == EISDIR && empty(fd, entry->d_name) && unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0;
    }
    if (list)
        closedir(list);
    return ok;
}

/* is_mounted -- whether the path leads to what we have mounted there. */
static bool is_mounted(const struct sandbox *sandbox)
{
    struct stat there, ours;

    return stat(sandbox->dir, &there) == 0 && fstat(sandbox->fd, &ours) == 0 && there.st_dev == ours.st_dev &&
           there.st_ino == ours.st_ino;
}

bool sandbox_lay(struct sandbox *sandbox, const struct tree *tree)
{
    if (!is_mounted(sandbox)) {
        fprintf(stderr, "cairn-torture: %s: the check has unmounted or replaced the directory\n",
                sandbox->dir);
        return false;
    }
    if (!empty(sandbox->fd, "."))
        return complain("the directory cannot be emptied");
    return image_write(tree, sandbox->fd);
}

void sandbox_boot(struct sandbox *sandbox, uint64_t number)
{
    char path[96], text[64];

    snprintf(path, sizeof(path), "%s/boot_id", sandbox->scratch);
    snprintf(text, sizeof(text), "%08x-%04x-4%03x-8%03x-%012llx\n", (unsigned)(number >> 32),
             (unsigned)(number >> 16) & 0xffff, (unsigned)number & 0xfff, (unsigned)(number >> 12) & 0xfff,
             (unsigned long long)(number * 0x9e3779b97f4a7c15u >> 16));
    if (sandbox->boots)
        (void)write_file(path, number ? text : sandbox->boot);
}
