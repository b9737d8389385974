#include "base/fault.h"
#include "cli/cli.h"
#include "net/loop.h"

#include <signal.h>
#include <sodium.h>
#include <sys/stat.h>

struct command {
    const char *name, *help;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
    {"demo", "the worked example for real, on throwaway data; then the pages", cli_demo},
    {"serve", "API, pages and dispatcher in one process", cli_serve},
    {"relay", "the durable receiver: webhooks in, Slack and HTTP out", cli_relay},
    {"admin", "businesses, employees, keys, contacts, activity objects", cli_admin},
    {"deliveries", "each delivery with its attempts", cli_deliveries},
};

static void print_help(FILE *out)
{
    fprintf(out, "herald %s: a logged activity and its webhook are one fact.\n\nusage: herald COMMAND …\n\n",
        HERALD_VERSION);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].help);
    fprintf(out, "\n'herald COMMAND --help' tells more.\n");
}

int cli_fail(const char *command, const struct error *err)
{
    fprintf(stderr, "herald %s: %s\n", command, err->text);
    return err->code == ERR_INVALID ? EXIT_USAGE : EXIT_FAILED;
}

static int run_command(int argc, char **argv)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0) {
        printf("herald %s\n", HERALD_VERSION);
        return EXIT_DONE;
    }
    bool asked = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0;
    if (!asked)
        fprintf(stderr, "herald: there is no command '%s'\n", argv[1]);
    print_help(asked ? stdout : stderr);
    return asked ? EXIT_DONE : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    umask(0077); /* data, sockets and locks are their owner's alone */
    if (sodium_init() < 0 || !loop_global_init() || !fault_init() || !fault_clock_init())
        return EXIT_FAILED;
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    int status = run_command(argc, argv);
    loop_global_cleanup();
    return status;
}
