/* main.c -- the command `cairn`: finds the subcommand, helps, and reports how it went.
 *
 * Each subcommand is a row of the table below; the rows stand in command_*.c beside their code.
 * docs/command.md is the manual.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/failure.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"

static const struct command *const commands[] = {
    &command_checkpoint, &command_latest,  &command_load,   &command_list,     &command_watch,
    &command_stat,       &command_compact, &command_clear,  &command_complete, &command_copy,
    &command_step,       &command_verify,  &command_repair,
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static void print_usage(FILE *stream, const struct command *command)
{
    if (command != NULL)
        fprintf(stream, "usage: cairn %s %s\n", command->name, command->operands);
    else
        fputs("usage: cairn COMMAND [OPTION]... URL [OPERAND]...\n", stream);
}

static void print_help(void)
{
    print_usage(stdout, NULL);
    fputs("\nKeep the checkpoints of an operation, so that it can be resumed after a crash.\n\n"
          "Commands:\n",
          stdout);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  %-10s  %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nURL is a directory, or SCHEME:PLACE as in journal:DIR or dir:DIR. `cairn help COMMAND` tells "
          "more.\n\n"
          "Options:\n",
          stdout);
    options_print(stdout, 0);
    fputs("\nExit status:\n"
          "  0  done\n"
          "  1  there is no such checkpoint, or none at all\n"
          "  2  the command line, or what it names, is not what the command takes\n"
          "  3  what was recorded is damaged or lost\n"
          "  4  I/O error, no space, no permission, no memory\n"
          "  5  busy, or the time ended\n",
          stdout);
}

static void print_command_help(const struct command *command)
{
    print_usage(stdout, command);
    printf("\n%s\nOptions:\n", command->manual);
    options_print(stdout, command->options);
}

static void print_version(void)
{
    if (strcmp(cairn_version(), CAIRN_VERSION) == 0)
        printf("cairn %s\n", CAIRN_VERSION);
    else
        printf("cairn %s, library %s\n", CAIRN_VERSION, cairn_version());
}

static int misuse(const struct command *command)
{
    print_usage(stderr, command);
    fprintf(stderr, "`cairn %s%s--help` tells more.\n", command != NULL ? command->name : "",
            command != NULL ? " " : "");
    return EXIT_MISUSE;
}

/* `cairn help [COMMAND]`, on the command line from `help` on. */
static int run_help(struct request *request, int argc, char **argv)
{
    const struct command *command = NULL;
    int first;

    request->command = "help";
    first = options_parse(request, argc, argv, 0, false);
    if (first < 0)
        return misuse(NULL);
    if (request->version) {
        print_version();
        return EXIT_DONE;
    }
    if (argc - first > 1 && !request->help) {
        failure_say("help", "unexpected operand '%s'", argv[first + 1]);
        return misuse(NULL);
    }
    if (first < argc && !request->help && strcmp(argv[first], "help") != 0) {
        command = command_find(argv[first]);
        if (command == NULL) {
            failure_say("help", "there is no command '%s'", argv[first]);
            return misuse(NULL);
        }
    }
    if (command != NULL)
        print_command_help(command);
    else
        print_help();
    return EXIT_DONE;
}

/* Runs `command` on the command line from its name on. */
static int run_command(const struct command *command, struct request *request, int argc, char **argv)
{
    int first;

    request->command = command->name;
    first = options_parse(request, argc, argv, command->options, false);
    if (first < 0)
        return misuse(command);
    if (request->help || request->version) {
        request->help ? print_command_help(command) : print_version();
        return EXIT_DONE;
    }
    request->operands = argv + first;
    request->operand_count = argc - first;
    if (request->operand_count < command->operands_min) {
        failure_say(command->name, "too few operands");
        return misuse(command);
    }
    if (request->operand_count > command->operands_max) {
        failure_say(command->name, "unexpected operand '%s'", request->operands[command->operands_max]);
        return misuse(command);
    }
    progress_begin(command->name);
    return command->run(request);
}

static int run(struct request *request, int argc, char **argv)
{
    const struct command *command;
    int first;

    first = options_parse(request, argc, argv, 0, true);
    if (first < 0)
        return misuse(NULL);
    if (request->help || request->version) {
        request->help ? print_help() : print_version();
        return EXIT_DONE;
    }
    if (first >= argc) {
        failure_say(NULL, "no command");
        return misuse(NULL);
    }
    if (strcmp(argv[first], "help") == 0)
        return run_help(request, argc - first, argv + first);
    command = command_find(argv[first]);
    if (command == NULL) {
        failure_say(NULL, "there is no command '%s'", argv[first]);
        return misuse(NULL);
    }
    return run_command(command, request, argc - first, argv + first);
}

/* Sees that descriptors 0 to 2 are open, lest a file of the journal gets one of these numbers and what is
 * meant for stdout is written into it. What was closed becomes /dev/null opened the wrong way round, so
 * that using it still fails. */
static void fill_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _Exit(EXIT_FAILED);
    }
}

int main(int argc, char **argv)
{
    struct request request = {.ctx = CAIRN_CTX_INIT};
    char *no_arguments[] = {NULL, NULL};
    int code;

    fill_descriptors();
    (void)signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is an error, like a full disk */
    (void)setvbuf(stderr, NULL, _IOLBF, BUFSIZ); /* a message is one write, beside those of others */
    if (argc < 1) {                              /* somebody calls execve() with nothing at all */
        argc = 1;
        argv = no_arguments;
    }
    code = run(&request, argc, argv);
    return output_close(request.command, code);
}
