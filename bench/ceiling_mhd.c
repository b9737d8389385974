/*
 * The ceiling of the HTTP server: the same POST as Herald's, read to its end and answered 201 with an
 * activity of the usual size, by one thread, without looking at anything.
 */
#include "base/id.h"
#include "bench.h"

#include <getopt.h>
#include <microhttpd.h>
#include <signal.h>
#include <sys/prctl.h>

enum { ANSWER_LEN = 500 };

static enum MHD_Result answer(void *response, struct MHD_Connection *connection, const char *url UNUSED,
    const char *method UNUSED, const char *version UNUSED, const char *upload UNUSED, size_t *upload_len,
    void **request)
{
    if (!*request) {
        *request = connection; /* the first call is for the head only */
        return MHD_YES;
    }
    if (*upload_len) {
        *upload_len = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_CREATED, response);
}

static struct MHD_Response *make_response(void)
{
    char body[ANSWER_LEN + 1];
    int head = snprintf(body, sizeof body, "{\"id\":\"%s\",\"notes\":\"", id_format(id_new()).text);
    snprintf(body + head, sizeof body - (size_t)head, "%0*d\"}", ANSWER_LEN - head - 2, 0);
    struct MHD_Response *response = MHD_create_response_from_buffer(ANSWER_LEN, body, MHD_RESPMEM_MUST_COPY);
    if (!response || MHD_add_response_header(response, "Content-Type", "application/json") != MHD_YES)
        fatal("cannot make a response");
    return response;
}

int bench_mhd(int argc, char **argv)
{
    static const struct option options[] = {{"port", required_argument, NULL, 'p'}, {0}};
    int port = 0;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (c == 'p')
            port = (int)arg_number("--port", optarg, 1, 65535);
    if (!port || optind != argc) {
        fputs("usage: herald-bench mhd --port PORT\n", stderr);
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    raise_file_limit();
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);

    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Response *response = make_response();
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)port, NULL, NULL,
        answer, response, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT, 20000u,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)8192, MHD_OPTION_END);
    if (!daemon)
        fatal("cannot listen on port %d", port);
    int signal_number;
    sigwait(&set, &signal_number);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    printf("{\"cpu_seconds\": %.3f}\n", cpu_seconds());
    return 0;
}
