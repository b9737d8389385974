/* `herald relay`: runs the relay in the foreground, lists its inbox, replays dead letters. */
#ifndef HERALD_CLI_RELAY_H
#define HERALD_CLI_RELAY_H

/* argv[0] is the command's own name. The exit status: 0, 1 (it failed), 2 (the command line or the file is wrong). */
int cli_relay(int argc, char **argv);

#endif
