/* unwind.c -- see unwind.h.
 *
 * libdw reads the files that are mapped, as far as they have code that is met, and nothing else: neither the
 * network, which it would ask for symbols if DEBUGINFOD_URLS were set, nor the thread but through us.
 */
#include "torture/unwind.h"

#ifdef TORTURE_LIBDW

#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "torture/memory.h"

/* DWARF's numbers of registers. */
#if defined(__x86_64__)
#define NUMBER_SP 7
#define NUMBER_FP 6
#define NUMBER_RA 16
#else
#define NUMBER_SP 31
#define NUMBER_FP 29
#define NUMBER_RA 30
#endif

#define TOLD_MAX       3
#define NAME_MAX_SHOWN 60

struct unwinder {
    Dwfl *dwfl;
    pid_t thread;              /* that is being looked at */
    const struct stack *stack; /* its stack */
};

/* What is told of a chain: those that have a line, and in case there are none, those that have a name. */
struct telling {
    struct unwinder *unwinder;
    struct chain *chain;
    char names[CHAIN_TEXT];
    size_t lines_told, names_told;
    bool ended; /* all is told */
};

/* --- the files ---------------------------------------------------------------------------------------- */

/* find_elf -- opens a module's file, which may have been removed, and need not be any longer what a process
 * has mapped by that name: a device, or a fifo. */
static int find_elf(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base, char **file_name,
                    Elf **elf)
{
    static const char deleted[] = " (deleted)";
    const size_t size = strlen(name);
    char path[64], exe[4096];
    struct stat st;

    (void)module;
    (void)base;
    (void)elf;
    if (*name != '/')
        return -1;
    if (size > strlen(deleted) && strcmp(name + size - strlen(deleted), deleted) == 0) {
        const struct unwinder *unwinder = *user;
        snprintf(path, sizeof(path), "/proc/%d/exe", unwinder->thread);
        const ssize_t n = readlink(path, exe, sizeof(exe) - 1);
        if (n != (ssize_t)size || memcmp(exe, name, size) != 0)
            return -1;
        name = path;
    }
    const int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        return -1;
    }
    *file_name = fd >= 0 ? strdup(name) : NULL;
    return fd;
}

/* find_debuginfo -- as libdw does it, but not from the network. */
static int find_debuginfo(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
                          const char *file_name, const char *link, GElf_Word sum, char **found)
{
    static const char network[] = "DEBUGINFOD_URLS";
    char *urls = getenv(network);

    urls = urls ? memory_text(urls) : NULL;
    unsetenv(network);
    const int fd = dwfl_standard_find_debuginfo(module, user, name, base, file_name, link, sum, found);
    if (urls)
        setenv(network, urls, 1);
    free(urls);
    return fd;
}

/* --- the thread --------------------------------------------------------------------------------------- */

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread)
{
    struct unwinder *unwinder = arg;

    (void)dwfl;
    if (*thread)
        return 0;
    *thread = unwinder;
    return unwinder->thread;
}

static bool get_thread(Dwfl *dwfl, pid_t id, void *arg, void **thread)
{
    (void)dwfl;
    (void)id;
    *thread = arg;
    return true;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *word, void *arg)
{
    const struct unwinder *unwinder = arg;
    uint64_t value;

    (void)dwfl;
    if (unwinder->stack == NULL || !stack_word(unwinder->stack, address, &value))
        return false;
    *word = value;
    return true;
}

/* set_registers -- by DWARF's numbers. */
static bool set_registers(Dwfl_Thread *thread, void *arg)
{
    const struct unwinder *unwinder = arg;
    const struct user_regs_struct *registers = &unwinder->stack->registers;

#if defined(__x86_64__)
    const Dwarf_Word words[] = {
        registers->rax, registers->rdx, registers->rcx, registers->rbx, registers->rsi, registers->rdi,
        registers->rbp, registers->rsp, registers->r8,  registers->r9,  registers->r10, registers->r11,
        registers->r12, registers->r13, registers->r14, registers->r15, registers->rip};
    return dwfl_thread_state_registers(thread, 0, sizeof(words) / sizeof(*words), words);
#else
    Dwarf_Word words[32];
    for (size_t i = 0; i < 31; i++)
        words[i] = registers->regs[i];
    words[31] = registers->sp;
    dwfl_thread_state_register_pc(thread, registers->pc);
    return dwfl_thread_state_registers(thread, 0, 32, words);
#endif
}

/* saved_at -- where a register was saved, from the frame's end; 0 if it was not. False if it is anywhere
 * else. */
static bool saved_at(Dwarf_Frame *frame, int number, int64_t *at)
{
    Dwarf_Op memory[3], *ops;
    size_t count;

    *at = 0;
    if (dwarf_frame_register(frame, number, memory, &ops, &count) != 0)
        return false;
    if (count == 2 && ops[0].atom == DW_OP_call_frame_cfa && ops[1].atom == DW_OP_plus_uconst)
        *at = (int64_t)ops[1].number;
    return *at || (count == 0 && ops == NULL);
}

/* link_of -- false if it is no simple one. */
static bool link_of(struct link *link, Dwfl_Module *module, Dwarf_Addr pc)
{
    Dwarf_Addr bias = 0;
    Dwarf_Frame *frame = NULL;
    Dwarf_Op *ops;
    size_t count;
    bool is_signal;

    Dwarf_CFI *cfi = dwfl_module_eh_cfi(module, &bias);
    if (cfi == NULL || dwarf_cfi_addrframe(cfi, pc - bias, &frame) != 0) {
        cfi = dwfl_module_dwarf_cfi(module, &bias);
        if (cfi == NULL || dwarf_cfi_addrframe(cfi, pc - bias, &frame) != 0)
            return false;
    }
    bool simple = dwarf_frame_info(frame, NULL, NULL, &is_signal) >= 0 && !is_signal &&
                  dwarf_frame_cfa(frame, &ops, &count) == 0 && count == 1 && ops[0].atom == DW_OP_bregx &&
                  (ops[0].number == NUMBER_SP || ops[0].number == NUMBER_FP);
    if (simple) {
        link->by_fp = ops[0].number == NUMBER_FP;
        link->size = (int64_t)ops[0].number2;
        simple = saved_at(frame, NUMBER_FP, &link->fp_at) && saved_at(frame, NUMBER_RA, &link->ra_at);
    }
    free(frame);
    return simple;
}

/* --- lines and names ---------------------------------------------------------------------------------- */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* is_library -- whether the module is the C library, of which nobody wants to hear. */
static bool is_library(Dwfl_Module *module)
{
    static const char *const names[] = {"libc.so.",      "libc-2.",  "libc.musl-", "libpthread.so.",
                                        "libpthread-2.", "ld-linux", "ld-2.",      "ld-musl-"};
    const char *name = base_of(dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, NULL));

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    }
    return false;
}

/* append -- one more to what is told; the outermost is the program's own main(). */
static void append(struct telling *telling, char *text, size_t *told, const char *file, int line,
                   const char *name)
{
    const size_t at = strlen(text);
    char number[16] = "";

    if (*told == TOLD_MAX)
        return;
    if (file)
        snprintf(number, sizeof(number), ":%d ", line);
    snprintf(text + at, CHAIN_TEXT - at, "%s%s%s%.*s", *told ? " < " : "", file ? file : "", number,
             NAME_MAX_SHOWN, name);
    ++*told;
    telling->ended |= (file && *told == TOLD_MAX) || strcmp(name, "main") == 0;
}

/* unit_of -- the unit that has the code. A compiler need not have written an index of these. */
static Dwarf_Die *unit_of(Dwfl_Module *module, Dwarf_Addr pc, Dwarf_Addr *bias)
{
    Dwarf_Die *unit = dwfl_module_addrdie(module, pc, bias);

    if (unit)
        return unit;
    do
        unit = dwfl_module_nextcu(module, unit, bias);
    while (unit && dwarf_haspc(unit, pc - *bias) <= 0);
    return unit;
}

/* call_of -- where the function that was put there in place of a call was called. */
static bool call_of(Dwarf_Die *unit, Dwarf_Die *inlined, const char **file, int *line)
{
    Dwarf_Attribute attribute;
    Dwarf_Files *files;
    Dwarf_Word index, number;

    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &index) != 0 ||
        dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &number) != 0 ||
        dwarf_getsrcfiles(unit, &files, NULL) != 0)
        return false;
    const char *path = dwarf_filesrc(files, index, NULL, NULL);
    *file = path ? base_of(path) : NULL;
    *line = (int)number;
    return path != NULL;
}

/* tell_functions -- those that the code is of: one, and before it those that were put there in place of
 * calls, from the innermost on. False if they are not known. */
static bool tell_functions(struct telling *telling, Dwarf_Die *unit, Dwarf_Addr address, const char *file,
                           int line)
{
    Dwarf_Die *scopes = NULL, *parents = NULL;
    int count = dwarf_getscopes(unit, address, &scopes);
    bool told = false, is_last = false;

    if (count > 0)
        count = dwarf_getscopes_die(scopes, &parents);
    for (int i = 0; i < count && !is_last; i++) {
        const int tag = dwarf_tag(&parents[i]);
        const char *name = dwarf_diename(&parents[i]);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
            continue;
        append(telling, telling->chain->text, &telling->lines_told, file, line, name ? name : "?");
        told = true;
        is_last = tag == DW_TAG_subprogram || !call_of(unit, &parents[i], &file, &line);
    }
    free(scopes);
    free(parents);
    return told;
}

/* has_symbols -- whether the file has a table of all its symbols, and not only of those that it exports. */
static bool has_symbols(Elf *elf)
{
    Elf_Scn *section = NULL;
    GElf_Shdr header;

    while (elf && (section = elf_nextscn(elf, section)) != NULL) {
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_SYMTAB)
            return true;
    }
    return false;
}

/* tell -- what is known of the code at an address. */
static void tell(struct telling *telling, Dwfl_Module *module, Dwarf_Addr pc)
{
    Dwarf_Addr bias = 0;
    GElf_Off offset;
    GElf_Sym symbol;
    Elf *elf = NULL;
    int number = 0;

    if (is_library(module))
        return;
    Dwarf_Die *unit = unit_of(module, pc, &bias);
    Dwarf_Line *line = unit ? dwarf_getsrc_die(unit, pc - bias) : NULL;
    const char *path = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
    if (path && dwarf_lineno(line, &number) == 0 && number > 0 &&
        tell_functions(telling, unit, pc - bias, base_of(path), number))
        return;
    const char *name = dwfl_module_addrinfo(module, pc, &offset, &symbol, NULL, &elf, NULL);
    if (path && number > 0)
        append(telling, telling->chain->text, &telling->lines_told, base_of(path), number, name ? name : "?");
    else if (name && has_symbols(elf))
        append(telling, telling->names, &telling->names_told, NULL, 0, name);
}

static int on_frame(Dwfl_Frame *frame, void *arg)
{
    struct telling *telling = arg;
    struct chain *chain = telling->chain;
    const bool first = chain->ip == 0;
    Dwarf_Addr pc;
    bool exact;

    if (!dwfl_frame_pc(frame, &pc, &exact) || pc == 0)
        return DWARF_CB_ABORT;
    if (first)
        chain->ip = pc;
    else
        chain->links[chain->count++].address = pc;
    /* A call returns to what is behind it, which may be of another line, and of another function. */
    const Dwarf_Addr at = exact && !first ? pc : pc - 1;
    Dwfl_Module *module = dwfl_addrmodule(telling->unwinder->dwfl, at);
    if (module)
        tell(telling, module, at);
    else
        chain->astray = true;
    if (telling->ended || chain->count == CHAIN_LINKS)
        return DWARF_CB_ABORT;
    chain->simple = chain->simple && module && link_of(&chain->links[chain->count], module, exact ? pc : at);
    return DWARF_CB_OK;
}

void unwinder_walk(struct unwinder *unwinder, const struct stack *stack, struct chain *chain)
{
    struct telling telling = {.unwinder = unwinder, .chain = chain};

    *chain = (struct chain){.simple = true};
    unwinder->thread = stack->thread;
    unwinder->stack = stack;
    (void)dwfl_getthread_frames(unwinder->dwfl, stack->thread, on_frame, &telling);
    unwinder->stack = NULL;
    if (telling.lines_told == 0)
        memcpy(chain->text, telling.names, sizeof(chain->text));
    chain->simple = chain->simple && chain_fits(chain, stack);
}

/* --- the whole ---------------------------------------------------------------------------------------- */

static int set_user(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base, void *arg)
{
    (void)module;
    (void)name;
    (void)base;
    *user = arg;
    return DWARF_CB_OK;
}

struct unwinder *unwinder_new(const char *maps, pid_t thread)
{
    static char *path; /* where libdw looks for symbols that have a file of their own: where it always does */
    static const Dwfl_Callbacks files = {.find_elf = find_elf,
                                         .find_debuginfo = find_debuginfo,
                                         .section_address = dwfl_offline_section_address,
                                         .debuginfo_path = &path};
    static const Dwfl_Thread_Callbacks threads = {.next_thread = next_thread,
                                                  .get_thread = get_thread,
                                                  .memory_read = read_memory,
                                                  .set_initial_registers = set_registers};
    struct unwinder *unwinder = memory_new(sizeof(*unwinder));
    FILE *stream = fmemopen((void *)(uintptr_t)maps, strlen(maps), "r");

    unwinder->thread = thread;
    unwinder->dwfl = stream ? dwfl_begin(&files) : NULL;
    const bool ok = unwinder->dwfl && dwfl_linux_proc_maps_report(unwinder->dwfl, stream) == 0 &&
                    dwfl_report_end(unwinder->dwfl, NULL, NULL) == 0 &&
                    dwfl_getmodules(unwinder->dwfl, set_user, unwinder, 0) == 0 &&
                    dwfl_attach_state(unwinder->dwfl, NULL, thread, &threads, unwinder);
    if (stream)
        fclose(stream);
    if (ok)
        return unwinder;
    unwinder_release(unwinder);
    return NULL;
}

void unwinder_release(struct unwinder *unwinder)
{
    if (unwinder == NULL)
        return;
    dwfl_end(unwinder->dwfl);
    free(unwinder);
}

#else

struct unwinder *unwinder_new(const char *maps, pid_t thread)
{
    (void)maps;
    (void)thread;
    return NULL;
}

void unwinder_release(struct unwinder *unwinder)
{
    (void)unwinder;
}

void unwinder_walk(struct unwinder *unwinder, const struct stack *stack, struct chain *chain)
{
    (void)unwinder;
    (void)stack;
    *chain = (struct chain){0};
}

#endif

bool chain_fits(const struct chain *chain, const struct stack *stack)
{
    uint64_t sp = stack->sp, fp = stack->fp, ra = stack->ra;

    if (chain->ip != stack->ip)
        return false;
    for (size_t i = 0; i < chain->count; i++) {
        const struct link *link = &chain->links[i];
        const uint64_t end = (link->by_fp ? fp : sp) + (uint64_t)link->size;
        if (link->fp_at && !stack_word(stack, end + (uint64_t)link->fp_at, &fp))
            return false;
        if (link->ra_at && !stack_word(stack, end + (uint64_t)link->ra_at, &ra))
            return false;
        if (ra != link->address)
            return false;
        sp = end;
    }
    return true;
}
