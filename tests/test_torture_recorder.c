/* test_torture_recorder.c -- the recorder of cairn-torture: each way to change a directory is recorded as
 * what it did, and what is recorded makes the directory that is there.
 *
 * The workload of each test is this program, run anew with the test's name. What was recorded is told like
 * this, with objects by their numbers: "create a #2; write #2 0+5; sync #2". That nothing is missing shows in
 * `gaps`: a trace that does not make the directory as it is has one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "scratch.h"
#include "torture/recorder.h"

#define UNSUPPORTED 77 /* the exit status of a workload whose calls are not to be had here */

/* --- what the workloads are written in ---------------------------------------------------------------- */

#define MUST(call) must((call) >= 0, #call, __LINE__)
static void must(bool ok, const char *call, int line)
{
    if (ok)
        return;
    fprintf(stderr, "line %d: %s: %s\n", line, call, strerror(errno));
    _exit(errno == EOPNOTSUPP || errno == ENOSYS ? UNSUPPORTED : 1);
}

static int open_new(const char *name)
{
    const int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0644);
    MUST(fd);
    return fd;
}

static void in_a_child(void (*function)(int fd), int fd)
{
    int status;
    const pid_t child = fork();

    MUST(child);
    if (child == 0) {
        function(fd);
        _exit(0);
    }
    MUST(waitpid(child, &status, 0));
    if (status)
        _exit(1);
}

static void write_hello(int fd)
{
    MUST(write(fd, "hello", 5));
}

/* --- the workloads ------------------------------------------------------------------------------------ */

static void do_write(void)
{
    const int fd = open_new("a");
    write_hello(fd);
    write_hello(fd);
    MUST(pwrite(fd, "J", 1, 5));
    MUST(lseek(fd, 2, SEEK_SET));
    MUST(write(fd, "LL", 2));
    MUST(write(fd, "", 0));
    if (write(-1, "x", 1) != -1)
        _exit(1);
}

static void do_vectors(void)
{
    const struct iovec parts[2] = {{(void *)"one", 3}, {(void *)"two", 3}};
    const int fd = open_new("a");
    MUST(writev(fd, parts, 2));
    MUST(pwritev(fd, parts, 2, 100));
    MUST(pwritev2(fd, parts, 1, -1, 0));
    MUST(pwritev2(fd, parts, 1, 50, RWF_DSYNC));
    MUST(pwritev2(fd, parts, 1, 0, RWF_SYNC));
}

static void do_append(void)
{
    const int fd = open_new("a"), append = open("a", O_WRONLY | O_APPEND);
    const struct iovec part = {(void *)"end", 3};
    MUST(append);
    write_hello(fd);
    write_hello(append);
    MUST(pwrite(append, "x", 1, 0)); /* appends all the same */
    MUST(pwritev2(fd, &part, 1, 0, RWF_APPEND));
}

static void do_synced_writes(void)
{
    const int fd = open("a", O_WRONLY | O_CREAT | O_DSYNC, 0600);
    MUST(fd);
    write_hello(fd);
    const int sync_fd = open("a", O_WRONLY | O_SYNC);
    MUST(sync_fd);
    MUST(write(sync_fd, "J", 1));
}

static void do_duplicates(void)
{
    const int fd = open_new("a"), other = dup(fd), high = fcntl(fd, F_DUPFD, 100);
    MUST(other);
    MUST(high);
    close(fd);
    write_hello(other);
    write_hello(high);
    in_a_child(write_hello, high);
}

static void do_inherited(void)
{
    const int fd = open_new("a");
    int status;
    MUST(dup2(fd, 9));
    const pid_t child = fork();
    MUST(child);
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "echo hello >&9", (char *)NULL);
        _exit(1);
    }
    MUST(waitpid(child, &status, 0));
}

static void do_sent(void)
{
    int ends[2];
    char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};

    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    const pid_t child = fork();
    MUST(child);
    if (child == 0) {
        int fd;
        MUST(recvmsg(ends[1], &message, 0));
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
        write_hello(fd);
        _exit(0);
    }
    const int fd = open_new("a");
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(fd));
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    MUST(sendmsg(ends[0], &message, 0));
    MUST(waitpid(child, NULL, 0));
}

static void *write_in_thread(void *arg)
{
    write_hello(*(int *)arg);
    return NULL;
}

static void *make_many(void *arg)
{
    char name[16];

    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "%s%d", (const char *)arg, i);
        MUST(mkdir(name, 0755));
    }
    return NULL;
}

static void do_overlap(void)
{
    pthread_t one, other;

    pthread_create(&one, NULL, make_many, (void *)(uintptr_t) "one");
    pthread_create(&other, NULL, make_many, (void *)(uintptr_t) "other");
    pthread_join(one, NULL);
    pthread_join(other, NULL);
}

static void do_threads(void)
{
    int fd = open_new("a");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, write_in_thread, &fd);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

static void do_copies(void)
{
    const int from = open("before", O_RDONLY), a = open_new("a"), b = open_new("b"), c = open_new("c");
    off_t at = 2, to = 10;
    int ends[2];
    MUST(from);
    MUST(sendfile(a, from, &at, 3));
    at = 0;
    MUST(copy_file_range(from, &at, b, &to, 4, 0));
    MUST(pipe(ends));
    MUST(write(ends[1], "pipe", 4));
    MUST(splice(ends[0], NULL, c, NULL, 4, 0));
}

static void do_sizes(void)
{
    const int fd = open_new("a");
    write_hello(fd);
    MUST(ftruncate(fd, 100));
    MUST(ftruncate(fd, 3));
    MUST(symlink("a", "link"));
    MUST(truncate("link", 2));
    MUST(open("a", O_WRONLY | O_TRUNC));
    MUST(open("a", O_WRONLY | O_TRUNC)); /* nothing to cut off any more */
    MUST(creat("b", 0600));
}

static void do_allocate(void)
{
    const int fd = open_new("a");
    char page[8192];
    memset(page, 'x', sizeof(page));
    MUST(write(fd, page, sizeof(page)));
    MUST(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 20000));
    MUST(fallocate(fd, 0, 0, 10000));
    MUST(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 50));
    MUST(fallocate(fd, FALLOC_FL_ZERO_RANGE, 9000, 3000));
}

static void do_shift(void)
{
    const int fd = open_new("a");
    char page[16384];
    for (size_t i = 0; i < sizeof(page); i++)
        page[i] = (char)(i / 4096 + 1);
    MUST(write(fd, page, sizeof(page)));
    MUST(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 4096, 4096));
    MUST(fallocate(fd, FALLOC_FL_INSERT_RANGE, 8192, 4096));
}

static void do_rename(void)
{
    open_new("a");
    open_new("b");
    open_new("c");
    MUST(rename("a", "b"));
    MUST(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE));
    if (renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_NOREPLACE) == 0)
        _exit(1);
    MUST(mkdir("d", 0755));
    MUST(rename("b", "d/e"));
    MUST(rename("d", "f"));
    MUST(mkdir("g", 0755));
    MUST(rename("f/e", "g/e"));      /* the same name, and as long a path */
    MUST(rename("./g/e", "./g/e2")); /* the same directory */
    MUST(rename("g/", "h/"));
    MUST(link("c", "c2"));
    MUST(rename("c", "c2")); /* one object by two names: does nothing */
}

static void do_outside(void)
{
    MUST(rename("../outside", "in"));
    MUST(rename("in", "../out"));
    MUST(link("../out", "again"));
    const int fd = open("../out", O_WRONLY); /* it is the directory's again, by its other name */
    MUST(fd);
    MUST(pwrite(fd, "J", 1, 0));
    MUST(open("../nothing", O_WRONLY | O_CREAT, 0600));
}

static int written_apart(void)
{
    const int fd = open("../apart", O_RDWR | O_CREAT | O_TRUNC, 0600);
    MUST(fd);
    MUST(write(fd, "ab", 2));
    return fd;
}

/* What was written outside is as durable inside as it was there. */
static void do_synced_outside(void)
{
    MUST(fdatasync(written_apart()));
    MUST(rename("../apart", "a"));
    written_apart();
    MUST(rename("../apart", "b"));
    const int fd = written_apart();
    if (mmap(NULL, 2, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED)
        _exit(1);
    MUST(fsync(fd));
    MUST(rename("../apart", "c"));
    written_apart();
    sync();
    MUST(rename("../apart", "d"));
}

static void do_names(void)
{
    const int dir = open(".", O_RDONLY | O_DIRECTORY);
    MUST(dir);
    MUST(mkdirat(dir, "d", 0700));
    MUST(linkat(dir, "before", dir, "d/l", 0));
    MUST(unlink("before"));
    MUST(symlinkat("nowhere", dir, "s"));
    MUST(mknod("fifo", S_IFIFO | 0600, 0));
    MUST(unlinkat(dir, "d/l", 0));
    MUST(rmdir("d"));
    MUST(unlink("s"));
}

static void do_unnamed(void)
{
    char path[64];
    const int fd = open(".", O_WRONLY | O_TMPFILE, 0600);
    MUST(fd);
    write_hello(fd);
    MUST(fsync(fd));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    MUST(linkat(AT_FDCWD, path, AT_FDCWD, "a", AT_SYMLINK_FOLLOW));
}

static void do_links(void)
{
    char path[4200], here[4096];
    if (getcwd(here, sizeof(here)) == NULL)
        _exit(1);
    MUST(symlink("real", "dangling"));
    write_hello(open("dangling", O_WRONLY | O_CREAT, 0644));
    /* From outside, by the name of a link, and through /proc. */
    snprintf(path, sizeof(path), "%s/other", here);
    MUST(symlink(path, "../way"));
    write_hello(open("../way", O_WRONLY | O_CREAT, 0644));
    MUST(open("/proc/self/cwd/third", O_WRONLY | O_CREAT, 0644));
    MUST(open("/proc/thread-self/cwd/./fourth", O_WRONLY | O_CREAT, 0644));
}

static void do_modes(void)
{
    const int fd = open_new("a");
    MUST(fchmod(fd, 0600));
    MUST(chmod("a", 0640));
    MUST(mkdir("d", 0755));
    MUST(chmod("d", 0700));
}

static void do_syncs(void)
{
    const int fd = open_new("a"), dir = open(".", O_RDONLY | O_DIRECTORY), plain = open(".", O_RDONLY);
    write_hello(fd);
    MUST(sync_file_range(fd, 0, 5, SYNC_FILE_RANGE_WRITE));
    MUST(fdatasync(fd));
    MUST(fsync(fd));
    MUST(fsync(dir));
    MUST(fdatasync(plain));
    MUST(syncfs(fd));
    sync();
    const int outside = open("../outside", O_RDWR);
    MUST(outside);
    MUST(fsync(outside));
}

static void do_mapping(void)
{
    const int fd = open_new("a");
    MUST(ftruncate(fd, 12288));
    char *map = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        _exit(1);
    memcpy(map + 10, "stored", 6);
    memcpy(map + 4096, "page two", 8);
    MUST(msync(map, 4096, MS_SYNC));
    map[9000] = 'x';
    MUST(fsync(fd));
    map[0] = 'y';
    munmap(map, 12288);
}

static void do_private_mapping(void)
{
    const int fd = open_new("a");
    write_hello(fd);
    char *map = mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        _exit(1);
    map[0] = 'J';
}

static void do_print(void)
{
    const int fd = open_new("a");
    write_hello(fd);
    MUST(write(STDOUT_FILENO, "one\n", 4));
    MUST(fsync(fd));
    const int other = dup(STDOUT_FILENO);
    dprintf(other, "two\n");
    in_a_child(write_hello, STDOUT_FILENO);
}

static void do_refused(void)
{
    char parameters[256] = {0};
    if (syscall(SYS_io_uring_setup, 4, parameters) != -1 || errno != ENOSYS)
        _exit(1);
    unsigned long context = 0;
    if (syscall(SYS_io_setup, 1, &context) != -1 || errno != ENOSYS)
        _exit(1);
    open_new("a");
}

static void do_reuse(void)
{
    /* The number of an inode that is free is soon given to another file, here to one outside. */
    for (int i = 0; i < 20; i++) {
        const int inside = open_new("a");
        write_hello(inside);
        close(inside);
        MUST(unlink("a"));
        const int outside = open("../other", O_WRONLY | O_CREAT | O_EXCL, 0600);
        MUST(outside);
        MUST(write(outside, "OTHER", 5));
        close(outside);
        MUST(unlink("../other"));
    }
}

static void do_attribute(void)
{
    const int fd = open_new("a");
    MUST(fsetxattr(fd, "user.x", "y", 1, 0));
}

static void do_fifo(void)
{
    MUST(mkfifo("p", 0644));
    const int fd = open("p", O_RDWR);
    MUST(fd);
    MUST(write(fd, "x", 1));
}

static void write_and_rename(int fd)
{
    char name[32], name2[32];
    snprintf(name, sizeof(name), "x%d", getpid());
    snprintf(name2, sizeof(name2), "y%d", getpid());
    for (;;) {
        write_hello(fd);
        MUST(open(name, O_WRONLY | O_CREAT, 0644));
        MUST(rename(name, name2));
        MUST(unlink(name2));
        close_range(10, 100, 0);
    }
}

/* They are killed when they have done something, and at whatever they are at then. */
static void do_be_killed(void)
{
    const int fd = open_new("a");
    struct stat st = {0};
    for (int i = 0; i < 3; i++) {
        const pid_t child = fork();
        MUST(child);
        if (child == 0)
            write_and_rename(fd);
    }
    while (st.st_size < 200)
        MUST(fstat(fd, &st));
    kill(0, SIGKILL);
}

static const struct workload {
    const char *name;
    void (*run)(void);
    const char *recorded; /* NULL: whatever it is */
    const char *gap;      /* NULL: none */
} workloads[] = {
    {"write", do_write, "create a #4; write #4 0+5; write #4 5+5; write #4 5+1; write #4 2+2", NULL},
    {"vectors", do_vectors,
     "create a #4; write #4 0+6; write #4 100+6; write #4 6+3; write #4 50+3 dsync; write #4 0+3 fsync",
     NULL},
    {"append", do_append, "create a #4; write #4 0+5; write #4 5+5; write #4 10+1; write #4 11+3", NULL},
    {"synced_writes", do_synced_writes, "create a #4; write #4 0+5 dsync; write #4 0+1 fsync", NULL},
    {"duplicates", do_duplicates, "create a #4; write #4 0+5; write #4 5+5; write #4 10+5", NULL},
    {"inherited", do_inherited, "create a #4; write #4 0+6", NULL},
    {"sent", do_sent, "create a #4; write #4 0+5", NULL},
    {"threads", do_threads, "create a #4; write #4 0+5; write #4 5+5; write #4 10+5; write #4 15+5", NULL},
    {"copies", do_copies, "create a #4; create b #5; create c #6; write #4 0+3; write #5 10+4; write #6 0+4",
     NULL},
    {"sizes", do_sizes,
     "create a #4; write #4 0+5; resize #4 100; resize #4 3; create link #5; resize #4 2; resize #4 0; "
     "create b #6",
     NULL},
    {"allocate", do_allocate,
     "create a #4; write #4 0+8192; resize #4 10000; zero #4 100+50; resize #4 12000; zero #4 9000+3000",
     NULL},
    {"shift", do_shift,
     "create a #4; write #4 0+16384; resize #4 12288; write #4 4096+8192; resize #4 16384; write #4 "
     "8192+8192",
     NULL},
    {"rename", do_rename,
     "create a #4; create b #5; create c #6; rename a b #4; exchange b c #4; create d #7; rename b 7/e #6; "
     "rename d f #7; create g #8; rename 7/e 8/e #6; rename 8/e 8/e2 #6; rename g h #8; link c2 #4",
     NULL},
    {"outside", do_outside,
     "new #4 dsync; resize #4 7 dsync; write #4 0+7 dsync; link in #4 dsync; unlink in #4; link again #4; "
     "write #4 0+1",
     NULL},
    {"names", do_names,
     "create d #4; link 4/l #2; unlink before #2; create s #5; create fifo #6; unlink 4/l #2; unlink d #4; "
     "unlink s #5",
     NULL},
    {"unnamed", do_unnamed, "new #4; write #4 0+5; sync #4; link a #4", NULL},
    {"links", do_links,
     "create dangling #4; create real #5; write #5 0+5; create other #6; write #6 0+5; create third #7; "
     "create "
     "fourth #8",
     NULL},
    {"modes", do_modes, "create a #4; mode #4 600; mode #4 640; create d #5; mode #5 700", NULL},
    {"syncs", do_syncs,
     "create a #4; write #4 0+5; hint #4; datasync #4; sync #4; sync #1; datasync #1; syncall; syncall",
     NULL},
    {"mapping", do_mapping,
     "create a #4; resize #4 12288; write #4 10+6 mapped; write #4 4096+8 mapped; datasync #4 0+4096; write "
     "#4 "
     "9000+1 mapped; sync #4; write #4 0+1 mapped",
     NULL},
    {"private_mapping", do_private_mapping, "create a #4; write #4 0+5", NULL},
    {"print", do_print, "create a #4; write #4 0+5; ack one|; sync #4; ack two|; ack hello", NULL},
    {"refused", do_refused, "create a #4", NULL},
    {"reuse", do_reuse, NULL, NULL},
    {"attribute", do_attribute, "create a #4", "fsetxattr: this call is not followed"},
    {"synced_outside", do_synced_outside,
     "new #4 dsync; resize #4 2 dsync; write #4 0+2 dsync; link a #4 dsync; new #5; resize #5 2; write #5 "
     "0+2; link b #5; new #6; resize #6 2; write #6 0+2; link c #6; syncall; new #7 dsync; resize #7 2 "
     "dsync; write #7 0+2 dsync; link d #7 dsync",
     NULL},
    {"fifo", do_fifo, "create p #4", NULL},
};
#define WORKLOAD_COUNT (sizeof(workloads) / sizeof(*workloads))

/* --- the tests ---------------------------------------------------------------------------------------- */

static char program[4096], base[SCRATCH_PATH_SIZE], dir[SCRATCH_PATH_SIZE];

static void make(const char *path, const char *text)
{
    scratch_write(path, text, strlen(text));
}

static int set_up(void **state)
{
    char path[SCRATCH_PATH_SIZE];

    (void)state;
    scratch_make(base, false);
    assert_int_equal(mkdir(scratch_join(dir, base, "dir"), 0755), 0);
    make(scratch_join(path, dir, "before"), "before\n");
    assert_int_equal(symlink("before", scratch_join(path, dir, "beforelink")), 0);
    make(scratch_join(path, base, "outside"), "outside");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(base);
    return 0;
}

static void tell(char *text, size_t size, const struct op *op)
{
    static const char *const kinds[OP_KINDS] = {
        [OP_CREATE] = "create",     [OP_NEW] = "new",        [OP_LINK] = "link",
        [OP_UNLINK] = "unlink",     [OP_RENAME] = "rename",  [OP_WRITE] = "write",
        [OP_EXCHANGE] = "exchange", [OP_ZERO] = "zero",      [OP_RESIZE] = "resize",
        [OP_MODE] = "mode",         [OP_SYNC] = "sync",      [OP_DATASYNC] = "datasync",
        [OP_ACK] = "ack",           [OP_SYNC_HINT] = "hint", [OP_SYNC_ALL] = "syncall"};
    size_t at = (size_t)snprintf(text, size, "%s", kinds[op->kind]);

#define TELL(...) at += (size_t)snprintf(text + at, at < size ? size - at : 0, __VA_ARGS__)
    if (op->kind == OP_ACK) {
        TELL(" %.*s", (int)op->data_size, (const char *)op->data);
        for (char *end = text; (end = strchr(end, '\n')) != NULL;)
            *end = '|';
    }
    if (*op->name && op->dir != 1)
        TELL(" %u/%s", op->dir, op->name);
    else if (*op->name)
        TELL(" %s", op->name);
    if (*op->name2 && op->dir2 != 1)
        TELL(" %u/%s", op->dir2, op->name2);
    else if (*op->name2)
        TELL(" %s", op->name2);
    if (op->object)
        TELL(" #%u", op->object);
    if (op->kind == OP_WRITE)
        TELL(" %" PRIu64 "+%zu", op->offset, op->data_size);
    if (op->kind == OP_ZERO || (op->kind == OP_DATASYNC && op->size))
        TELL(" %" PRIu64 "+%" PRIu64, op->offset, op->size);
    if (op->kind == OP_RESIZE)
        TELL(" %" PRIu64, op->size);
    if (op->kind == OP_MODE)
        TELL(" %o", op->mode);
    if (op->flags & (OP_DSYNC | OP_FSYNC))
        TELL(op->flags & OP_DSYNC ? " dsync" : " fsync");
    if (op->flags & OP_MAPPED)
        TELL(" mapped");
    if (op->flags & OP_IMPORTED && op->kind == OP_CREATE)
        TELL(" imported");
}

/* told -- all that the workload did. */
static char *told(const struct trace *trace)
{
    char *text = calloc(1, trace->count * 128 + 1);

    for (size_t i = 0; i < trace->count; i++) {
        if (trace->ops[i].flags & OP_BASE)
            continue;
        if (*text)
            strcat(text, "; ");
        tell(text + strlen(text), 120, &trace->ops[i]);
    }
    return text;
}

static void record(struct trace *trace, const char *name)
{
    char *command[] = {program, (char *)"--workload", (char *)name, dir, NULL};

    assert_true(recorder_run_with_sources(trace, dir, command, 0));
}

static void recorder__sees(void **state)
{
    const struct workload *workload = *state;
    struct trace trace;

    record(&trace, workload->name);
    if (WIFEXITED(trace.status) && WEXITSTATUS(trace.status) == UNSUPPORTED) {
        trace_release(&trace);
        print_message("SKIP: the file system or the kernel does not have these calls\n");
        skip();
    }
    assert_int_equal(trace.status, 0);
    char *text = told(&trace);
    if (workload->recorded)
        assert_string_equal(text, workload->recorded);
    free(text);
    if (workload->gap == NULL && trace.gap_count)
        fail_msg("the trace has a gap: %s", trace.gaps[0]);
    if (workload->gap) {
        assert_int_equal(trace.gap_count, 1);
        assert_string_equal(trace.gaps[0], workload->gap);
    }
    trace_release(&trace);
}

/* What a call had done when its thread was killed within it is recorded, too. */
static void recorder__sees_what_a_kill_cut_short(void **state)
{
    struct trace trace;

    (void)state;
    char *command[] = {(char *)"setsid", (char *)"-w", program, (char *)"--workload",
                       (char *)"exit",   dir,          NULL};
    assert_true(recorder_run(&trace, dir, command, NULL));
    if (trace.gap_count)
        fail_msg("the trace has a gap: %s", trace.gaps[0]);
    assert_true(trace.count > 10);
    trace_release(&trace);
}

/* overlaps -- whether two calls are recorded as that. */
static bool overlaps(void)
{
    struct trace trace;
    bool found = false;

    record(&trace, "overlap");
    for (size_t i = 1; i < trace.count; i++)
        found |= trace.ops[i].flags == 0 && trace.ops[i].begin < trace.ops[i - 1].end;
    trace_release(&trace);
    return found;
}

/* Two threads may happen to take turns in one run, and in some more. */
static void recorder__sees_which_calls_overlap(void **state)
{
    bool seen = false;

    for (int i = 0; i < 50 && !seen; i++) {
        seen = overlaps();
        tear_down(state);
        set_up(state);
    }
    assert_true(seen);
}

static void trace__is_the_same_when_it_is_read_again(void **state)
{
    char path[SCRATCH_PATH_SIZE];
    struct trace trace, again;

    (void)state;
    record(&trace, "rename");
    assert_true(trace_save(&trace, scratch_join(path, base, "trace")));
    assert_true(trace_load(&again, path));
    char *before = told(&trace), *after = told(&again);
    assert_string_equal(before, after);
    assert_string_equal(trace.dir, again.dir);
    assert_string_equal(trace.command, again.command);
    assert_int_equal(trace.ticks, again.ticks);
    for (size_t i = 0; i < trace.count; i++)
        assert_string_equal(trace.ops[i].source, again.ops[i].source);
    free(before);
    free(after);
    trace_release(&trace);
    trace_release(&again);
}

/* Any change, and any cut, is an error and no more. */
static void trace__that_is_damaged_is_refused(void **state)
{
    char path[SCRATCH_PATH_SIZE];
    struct trace trace;
    size_t size;

    (void)state;
    record(&trace, "unnamed");
    assert_true(trace_save(&trace, scratch_join(path, base, "trace")));
    trace_release(&trace);
    unsigned char *bytes = scratch_read(path, &size);
    const int err = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO);
    unsigned refused = 0;
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0x41;
        scratch_write(path, bytes, size);
        refused += !trace_load(&trace, path);
        trace_release(&trace);
        bytes[i] ^= 0x41;
        scratch_write(path, bytes, i);
        refused += !trace_load(&trace, path);
        trace_release(&trace);
    }
    dup2(err, STDERR_FILENO);
    close(err);
    close(nowhere);
    free(bytes);
    assert_int_equal(refused, 2 * size);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[WORKLOAD_COUNT + 4] = {
        {"recorder__sees_what_a_kill_cut_short", recorder__sees_what_a_kill_cut_short, set_up, tear_down,
         NULL},
        {"recorder__sees_which_calls_overlap", recorder__sees_which_calls_overlap, set_up, tear_down, NULL},
        {"trace__is_the_same_when_it_is_read_again", trace__is_the_same_when_it_is_read_again, set_up,
         tear_down, NULL},
        {"trace__that_is_damaged_is_refused", trace__that_is_damaged_is_refused, set_up, tear_down, NULL},
    };
    static char names[WORKLOAD_COUNT][64];

    if (argc == 4 && strcmp(argv[1], "--workload") == 0) {
        if (chdir(argv[3]) != 0)
            return 1;
        if (strcmp(argv[2], "overlap") == 0) {
            do_overlap();
            return 0;
        }
        if (strcmp(argv[2], "exit") == 0)
            do_be_killed();
        for (size_t i = 0; i < WORKLOAD_COUNT; i++) {
            if (strcmp(workloads[i].name, argv[2]) == 0) {
                workloads[i].run();
                return 0;
            }
        }
        return 1;
    }
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* of the workloads: looking for leaks needs ptrace itself */
    if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
        return 1;
    for (size_t i = 0; i < WORKLOAD_COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "recorder__sees_%s", workloads[i].name);
        tests[i + 4] = (struct CMUnitTest){names[i], recorder__sees, set_up, tear_down,
                                           (void *)(uintptr_t)&workloads[i]};
    }
    return cmocka_run_group_tests_name("torture_recorder", tests, NULL, NULL);
}
