/*
 * The ceiling of the dispatcher: webhook GETs over kept connections from one thread with one libcurl multi
 * handle, a new URL each, nothing else done.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/id.h"
#include "bench.h"

#include <curl/curl.h>
#include <getopt.h>

struct run {
    CURLM *multi;
    const char *url; /* up to the id */
    int64_t count, started, done, failed;
};

static size_t discard(char *data UNUSED, size_t size, size_t n, void *ctx UNUSED)
{
    return size * n;
}

static void start_next(struct run *run, CURL *easy)
{
    char url[512];
    snprintf(url, sizeof url, "%s?logged_activity_id=%s", run->url, id_format(id_new()).text);
    if (curl_easy_setopt(easy, CURLOPT_URL, url) || curl_multi_add_handle(run->multi, easy))
        fatal("libcurl takes no more requests");
    run->started++;
}

static CURL *make_handle(void)
{
    CURL *easy = curl_easy_init();
    if (!easy || curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard) ||
        curl_easy_setopt(easy, CURLOPT_PROXY, "") || curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L))
        fatal("cannot make a libcurl handle");
    return easy;
}

static void take_finished(struct run *run)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(run->multi, &left))) {
        CURL *easy = message->easy_handle;
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        if (message->data.result || status != 200)
            run->failed++;
        run->done++;
        curl_multi_remove_handle(run->multi, easy);
        if (run->started < run->count)
            start_next(run, easy);
    }
}

static void send_all(struct run *run, int64_t connections)
{
    CURL **handles = mem_alloc((size_t)connections * sizeof(CURL *));
    for (int64_t i = 0; i < connections; i++) {
        handles[i] = make_handle();
        if (run->started < run->count)
            start_next(run, handles[i]);
    }
    while (run->done < run->count) {
        int running;
        if (curl_multi_perform(run->multi, &running))
            fatal("libcurl failed");
        take_finished(run);
        if (run->done < run->count && curl_multi_poll(run->multi, NULL, 0, 1000, NULL))
            fatal("libcurl failed");
    }
    for (int64_t i = 0; i < connections; i++)
        curl_easy_cleanup(handles[i]);
    mem_free(handles);
}

static int usage(void)
{
    fputs("usage: herald-bench curl --url URL [--connections N] [--count N]\n", stderr);
    return 2;
}

int bench_curl(int argc, char **argv)
{
    static const struct option options[] = {{"url", required_argument, NULL, 'u'},
        {"connections", required_argument, NULL, 'c'}, {"count", required_argument, NULL, 'n'}, {0}};
    struct run run = {.count = 10000};
    int64_t connections = 32;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'u')
            run.url = optarg;
        else if (c == 'c')
            connections = arg_number("--connections", optarg, 1, 20000);
        else if (c == 'n')
            run.count = arg_number("--count", optarg, 1, 100000000);
        else
            return usage();
    }
    if (!run.url || optind != argc)
        return usage();
    if (curl_global_init(CURL_GLOBAL_ALL) || !(run.multi = curl_multi_init()))
        fatal("libcurl failed");
    double cpu = cpu_seconds();
    int64_t start_us = clock_boot_us();
    send_all(&run, connections);
    double seconds = (double)(clock_boot_us() - start_us) / (double)US_PER_S;
    printf("{\"count\": %lld, \"connections\": %lld, \"seconds\": %.6f, \"rate\": %.1f, \"failed\": %lld, "
           "\"cpu_seconds\": %.3f}\n",
        (long long)run.count, (long long)connections, seconds, (double)run.count / seconds,
        (long long)run.failed, cpu_seconds() - cpu);
    curl_multi_cleanup(run.multi);
    curl_global_cleanup();
    return run.failed ? 1 : 0;
}
