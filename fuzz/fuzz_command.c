/* fuzz_command.c -- the command `cairn`: its arguments and its standard input.
 *
 * An input is some command lines, run one after the other in one working directory, by the command's own
 * main() in this process: what it says is kept, what it waits for is given an end, and the programs that
 * `cairn step` would start are not started (cmake/fuzz). Its arguments are words that mean something to it,
 * or anything but a path that leads out of the working directory, for that one would be meant.
 *
 * What must hold, by docs/command.md:
 *
 *   - nothing crashes or hangs, and nothing outside of the working directory is touched;
 *   - the exit status is one that is documented; if it is not 0 that is said, in lines of text that begin as
 * they should, and if it is 0 nothing is;
 *   - what is printed is text, unless it is data; JSON is one object a line;
 *   - what was just recorded is the latest, and what was cleared is not there.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/budget.h"
#include "fuzz/canary.h"
#include "fuzz/place.h"
#include "fuzz/said.h"
#include "fuzz/sink.h"
#include "fuzz/source.h"
#include "fuzz/target.h"

#define ARGUMENTS_MAX 8
#define ARGUMENT_SIZE 320
#define LINES_MAX     6
#define INPUT_SIZE    4096

int cairn_main(int argc, char **argv);
int cairn_execvp(const char *file, char *const *argv);
int cairn_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

static const char *const words[] = {"checkpoint",
                                    "latest",
                                    "load",
                                    "list",
                                    "watch",
                                    "stat",
                                    "compact",
                                    "clear",
                                    "complete",
                                    "step",
                                    "copy",
                                    "verify",
                                    "repair",
                                    "help",
                                    "-l",
                                    "--label",
                                    "--json",
                                    "--intact",
                                    "--all",
                                    "--timeout",
                                    "0",
                                    "2.5",
                                    "--help",
                                    "-h",
                                    "--version",
                                    "--",
                                    "-",
                                    "--label=x",
                                    "--la",
                                    "--t=1",
                                    "j",
                                    "journal:j",
                                    "dir:d",
                                    "dir:j",
                                    "a/b",
                                    "dir:a/b",
                                    "./x:y",
                                    "x:y",
                                    "journal:",
                                    "",
                                    "dir:",
                                    "data",
                                    "dir:data",
                                    ".",
                                    "dir:.",
                                    "00000000@1",
                                    "00000001@1",
                                    "00000000.chk",
                                    "00000000a.chk",
                                    "a",
                                    "one two",
                                    "true",
                                    "false",
                                    "a/../b",
                                    "--timeout=.",
                                    "-la",
                                    "missing",
                                    "-x",
                                    "--js",
                                    "--wrong",
                                    "--label=\x1b[2J",
                                    "--\x1b]0;",
                                    "-\xff",
                                    "\xff\n"};
#define WORDS (sizeof(words) / sizeof(words[0]))

/* --- what the command meets in place of the system ------------------------------------------------------ */

static unsigned waits;  /* of `watch`, for what is new */
static uint8_t ends_as; /* how a program ends */

int cairn_execvp(const char *file, char *const *argv)
{
    for (unsigned i = 0; argv[i]; i++) {
        if (write(STDOUT_FILENO, argv[i], strlen(argv[i])) < 0)
            _exit(1);
    }
    _exit(strcmp(file, "false") == 0 ? 1 : ends_as);
}

/* Nobody reads its output any more, after a while; and input comes at once. */
int cairn_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    if (count != 1 || fds->fd != STDOUT_FILENO)
        return poll(fds, count, timeout_ms);
    fds->revents = POLLERR;
    return ++waits > 2;
}

/* --- a command line ------------------------------------------------------------------------------------- */

struct line {
    char text[ARGUMENTS_MAX][ARGUMENT_SIZE];
    char *argv[ARGUMENTS_MAX + 2];
    int argc;
    unsigned char input[INPUT_SIZE];
    size_t input_size;
    bool pipe;
};

/* confine -- a path that leads out becomes another. */
static void confine(char *text)
{
    for (; *text; text++) {
        if (*text == '/')
            *text = '_';
        if (text[0] == '.' && text[1] == '.')
            text[1] = '_';
    }
}

static void take_line(struct source *source, struct line *line)
{
    static char name[] = "cairn";
    const uint8_t count = source_u8(source);

    memset(line->argv, 0, sizeof(line->argv));
    line->argv[0] = name;
    line->argc = 1;
    for (unsigned i = 0; i < count % (ARGUMENTS_MAX + 1); i++) {
        char *text = line->text[i];
        const uint8_t which = source_u8(source);
        memset(text, 0, ARGUMENT_SIZE);
        if (which < WORDS) {
            snprintf(text, ARGUMENT_SIZE, "%s", words[which]);
        } else if (which < 240) {
            source_bytes(source, text, which % 32);
            confine(text);
        } else {
            memset(text, source_u8(source), 64 + (which & 15) * 16u); /* long ones: up to 304 */
            confine(text);
        }
        line->argv[line->argc++] = text;
    }
    line->pipe = count & 64;
    line->input_size = source_u8(source) * (count & 128 ? 16u : 1u);
    memset(line->input, 'i', sizeof(line->input));
    source_bytes(source, line->input, line->input_size < 16 ? line->input_size : 16);
}

static bool is(const struct line *line, int at, const char *word)
{
    return at < line->argc && strcmp(line->argv[at], word) == 0;
}

static bool has(const struct line *line, const char *word)
{
    for (int i = 1; i < line->argc; i++) {
        if (is(line, i, word))
            return true;
    }
    return false;
}

/* --- running it ----------------------------------------------------------------------------------------- */

static struct said out, errors;

/* give_input -- standard input has it; what that was before is returned. */
static int give_input(const struct line *line)
{
    int ends[2] = {-1, -1};
    const int before = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);

    if (line->pipe) {
        FUZZ_ASSERT(pipe2(ends, O_CLOEXEC) == 0, "there is no pipe");
    } else {
        ends[0] = ends[1] = memfd_create("input", MFD_CLOEXEC);
    }
    FUZZ_ASSERT(write(ends[1], line->input, line->input_size) == (ssize_t)line->input_size, "no input");
    if (line->pipe)
        close(ends[1]);
    else
        lseek(ends[0], 0, SEEK_SET);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    return before;
}

static void take_input_back(int before)
{
    close(STDIN_FILENO);
    if (before >= 0) {
        dup2(before, STDIN_FILENO);
        close(before);
    }
}

/* run -- the exit status. The working directory is ours only meanwhile: an engine has relative paths. */
static int run(struct line *line)
{
    static int home = -1;
    FILE *out_before = stdout, *errors_before = stderr;
    char *argv[ARGUMENTS_MAX + 2];
    struct budget budget;

    if (home < 0)
        home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int input_before = give_input(line);
    FUZZ_ASSERT(fchdir(canary_work()) == 0, "the working directory is gone");
    memcpy(argv, line->argv, sizeof(argv));
    stdout = said_open(&out);
    stderr = said_open(&errors);
    budget_begin(&budget, "a command");
    const int status = cairn_main(line->argc, argv);
    fclose(stderr);
    stdout = out_before; /* the command has closed its own */
    stderr = errors_before;
    budget_end(&budget, 64 * 1024 * 1024);
    take_input_back(input_before);
    FUZZ_ASSERT(fchdir(home) == 0, "no way back");
    return status;
}

/* --- what is right -------------------------------------------------------------------------------------- */

/* What is known of a place, while nothing else has been done. */
static struct known {
    char url[ARGUMENT_SIZE];
    bool is, none;
    unsigned char data[INPUT_SIZE];
    size_t size;
    char id[ARGUMENT_SIZE];
} known;

static bool is_said_well(void)
{
    const char *at = errors.text;

    while (*at) {
        const char *end = strchr(at, '\n');
        if (strncmp(at, "cairn: ", 7) != 0 && strncmp(at, "usage: cairn ", 13) != 0 &&
            strncmp(at, "`cairn ", 7) != 0)
            return false;
        if (end == NULL)
            return errors.size < errors.total;
        at = end + 1;
    }
    return true;
}

/* is_objects -- one a line. */
static bool is_objects(const char *at)
{
    while (*at) {
        const char *end = strchr(at, '\n');
        if (end == NULL || *at != '{' || end[-1] != '}')
            return false;
        at = end + 1;
    }
    return true;
}

/* prints_data -- or an id, which in a `dir:` has the label in it, as it is. */
static bool prints_data(const struct line *line)
{
    return has(line, "latest") || has(line, "load") || has(line, "step") || has(line, "checkpoint");
}

static void check_printed(const struct line *line, int status)
{
    const bool stepped = has(line, "step"), watched = has(line, "watch");

    FUZZ_ASSERT(stepped ? status >= 0 && status <= 255 : status >= 0 && status <= 5, "the exit status is %d",
                status);
    FUZZ_ASSERT(said_is_text(&errors), "what it says is no text: %s", errors.text);
    FUZZ_ASSERT(is_said_well(), "what it says begins otherwise: %s", errors.text);
    if (!stepped && !watched)
        FUZZ_ASSERT(status == 0 || errors.total > 0, "it ends with %d, and says nothing", status);
    FUZZ_ASSERT(status != 0 || strstr(errors.text, "usage: ") == NULL, "all is done, and it says: %s",
                errors.text);
    FUZZ_ASSERT(prints_data(line) || said_is_text(&out), "what it prints is no text: %s", out.text);
    if (is(line, 2, "--json") && line->argc == 4 && line->argv[1][0] != '-' && line->argv[3][0] != '-' &&
        out.size == out.total && !prints_data(line))
        FUZZ_ASSERT(is_objects(out.text), "what it prints is no JSON: %s", out.text);
    if (line->argc == 1 || is(line, 1, "missing"))
        FUZZ_ASSERT(status == 2, "there is no such command, and it ends with %d", status);
    if (line->argc == 2 && (is(line, 1, "help") || is(line, 1, "--help") || is(line, 1, "-h")))
        FUZZ_ASSERT(status == 0 && strncmp(out.text, "usage: cairn ", 13) == 0, "it does not help: %d",
                    status);
}

static bool is_data(void)
{
    return out.total == known.size && memcmp(out.text, known.data, known.size) == 0;
}

static void check_known(const struct line *line, int status)
{
    const bool of_it = known.is && line->argc > 2 && strcmp(line->argv[2], known.url) == 0;

    if (line->argc == 3 && is(line, 1, "latest") && of_it) {
        FUZZ_ASSERT(known.none ? status == 1 : status == 0 && is_data(), "latest ends with %d: %s", status,
                    errors.text);
    } else if (line->argc == 4 && is(line, 1, "load") && of_it && !known.none && is(line, 3, known.id)) {
        FUZZ_ASSERT(status == 0 && is_data(), "load ends with %d: %s", status, errors.text);
    } else if (line->argc == 3 && is(line, 1, "verify") && of_it) {
        FUZZ_ASSERT(status == 0 || status == 1 || status == 3, "verify ends with %d: %s", status,
                    errors.text);
    } else if (line->argc == 3 && status == 0 && line->argv[2][0] != '-' &&
               (is(line, 1, "checkpoint") || is(line, 1, "clear") || is(line, 1, "complete"))) {
        snprintf(known.url, sizeof(known.url), "%s", line->argv[2]);
        known.is = true;
        known.none = !is(line, 1, "checkpoint");
        memcpy(known.data, line->input, line->input_size);
        known.size = line->input_size;
        snprintf(known.id, sizeof(known.id), "%.*s", (int)strcspn(out.text, "\n"), out.text);
        FUZZ_ASSERT(known.none || known.id[0], "a checkpoint has no id");
    } else if (!is(line, 1, "list") && !is(line, 1, "stat") && !is(line, 1, "verify")) {
        known.is = false;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct line line;
    struct source source = {data, size};

    canary_begin();
    place_write(CANARY_WORK "/data", "some data", 9);
    (void)signal(SIGPIPE, SIG_IGN); /* `watch` sends it to itself */
    known.is = false;
    ends_as = source_u8(&source);
    for (unsigned lines = 0; lines < LINES_MAX && (lines == 0 || source.left); lines++) {
        waits = 0;
        take_line(&source, &line);
        const int status = run(&line);
        check_printed(&line, status);
        check_known(&line, status);
    }
    canary_check();
    return 0;
}

/* --- seeds ---------------------------------------------------------------------------------------------- */

static void add_word(struct sink *sink, const char *word)
{
    uint8_t at = 0;

    while (at < WORDS && strcmp(words[at], word) != 0)
        at++;
    if (at < WORDS) {
        sink_u8(sink, at);
    } else {
        sink_u8(sink, (uint8_t)(96 + strlen(word)));
        sink_bytes(sink, word, strlen(word));
    }
}

/* add_line -- words with blanks between them, and the input. */
static void add_line(struct sink *sink, const char *text, const char *input)
{
    char copy[256];
    uint8_t count = *text != '\0';

    for (const char *at = text; *at; at++)
        count = (uint8_t)(count + (*at == ' '));
    sink_u8(sink, count);
    snprintf(copy, sizeof(copy), "%s", text);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        add_word(sink, word);
    sink_u8(sink, (uint8_t)strlen(input));
    sink_bytes(sink, input, strlen(input));
}

void target_seeds(target_seed *seed)
{
    static const char *const sessions[][LINES_MAX] = {
        {"checkpoint j", "latest j", "load j 00000000@1", "list j", "list --json j", "stat --json j"},
        {"checkpoint -l a dir:d data", "checkpoint dir:d", "latest dir:d", "list dir:d", "watch --all dir:d",
         "verify --json dir:d"},
        {"checkpoint j", "compact -l a j", "copy j dir:d", "list --json dir:d", "clear j", "latest j"},
        {"step -l a j -- true", "step -l a j true", "step -l one j -- false", "complete j", "repair j",
         "stat j"},
        {"help", "help step", "list --help", "--version", "missing", ""},
        {"list --wrong j", "checkpoint -l", "--timeout 0 list j", "stat --timeout .5 dir:d", "load j",
         "copy j j"},
        {"checkpoint --label=b dir:.", "checkpoint .", "checkpoint a/b data", "latest --intact a/b",
         "verify a/b", "watch --all --json a/b"},
    };
    static struct sink sink;
    char name[32];

    for (unsigned i = 0; i < sizeof(sessions) / sizeof(sessions[0]); i++) {
        sink.size = 0;
        sink_u8(&sink, 0);
        for (unsigned k = 0; k < LINES_MAX; k++)
            add_line(&sink, sessions[i][k], k < 2 ? "data to keep" : "");
        snprintf(name, sizeof(name), "session-%u", i);
        seed(name, sink.bytes, sink.size);
    }
}
