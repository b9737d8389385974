#include "net/loop.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 256

/* What the loop knows about a transfer; hangs on the easy handle's CURLOPT_PRIVATE. */
struct transfer {
    void (*done)(void *ctx, CURL *easy, CURLcode result);
    void *ctx;
    struct transfer *next_spare;
};

struct loop {
    /* set before start */
    struct inbox inbox;
    int epoll_fd;
    CURLM *multi;
    pthread_t thread;
    char name[16]; /* as long as the kernel keeps */
    /* owned by the loop's thread */
    pthread_t self;
    struct loop_timer **heap; /* from 1; the soonest first */
    size_t armed, heap_size;
    struct loop_timer curl_timer;
    struct transfer *spare;
    size_t transfers;
};

static void assert_on_loop(const struct loop *loop)
{
    assert(pthread_equal(loop->self, pthread_self()));
    (void)loop;
}

/* ---- timers: a binary heap in which each timer knows its place ---- */

static void place(struct loop *loop, struct loop_timer *timer, size_t slot)
{
    loop->heap[slot] = timer;
    timer->slot = slot;
}

static void sift_up(struct loop *loop, struct loop_timer *timer, size_t slot)
{
    for (; slot > 1 && loop->heap[slot / 2]->due_boot_us > timer->due_boot_us; slot /= 2)
        place(loop, loop->heap[slot / 2], slot);
    place(loop, timer, slot);
}

static void sift_down(struct loop *loop, struct loop_timer *timer, size_t slot)
{
    for (size_t child; (child = slot * 2) <= loop->armed; slot = child) {
        if (child < loop->armed && loop->heap[child + 1]->due_boot_us < loop->heap[child]->due_boot_us)
            child++;
        if (loop->heap[child]->due_boot_us >= timer->due_boot_us)
            break;
        place(loop, loop->heap[child], slot);
    }
    place(loop, timer, slot);
}

static void sift(struct loop *loop, struct loop_timer *timer, size_t slot)
{
    if (slot > 1 && loop->heap[slot / 2]->due_boot_us > timer->due_boot_us)
        sift_up(loop, timer, slot);
    else
        sift_down(loop, timer, slot);
}

void loop_timer_arm(struct loop *loop, struct loop_timer *timer, int64_t due_boot_us)
{
    assert_on_loop(loop);
    timer->due_boot_us = due_boot_us;
    if (timer->slot) {
        sift(loop, timer, timer->slot);
        return;
    }
    if (loop->armed + 1 >= loop->heap_size) {
        loop->heap_size = loop->heap_size ? loop->heap_size * 2 : 64;
        loop->heap = mem_realloc(loop->heap, loop->heap_size * sizeof(struct loop_timer *));
    }
    sift_up(loop, timer, ++loop->armed);
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
    assert_on_loop(loop);
    size_t slot = timer->slot;
    if (!slot)
        return;
    timer->slot = 0;
    struct loop_timer *last = loop->heap[loop->armed--];
    if (last != timer)
        sift(loop, last, slot);
}

/* Those that were due when it began, so that a timer which arms itself again cannot hold the loop. */
static void run_due_timers(struct loop *loop)
{
    int64_t now = clock_boot_us();
    for (size_t most = loop->armed; most > 0 && loop->armed > 0; most--) {
        struct loop_timer *first = loop->heap[1];
        if (first->due_boot_us > now)
            return;
        loop_timer_cancel(loop, first);
        first->run(first);
    }
}

/* Milliseconds for epoll_wait, rounded up so that the timer is due when it returns. */
static int wait_ms(const struct loop *loop)
{
    if (loop->armed == 0)
        return -1;
    int64_t due = loop->heap[1]->due_boot_us;
    int64_t left = due > 0 ? due - clock_boot_us() : 0;
    if (left <= 0)
        return 0;
    return left < 3600 * US_PER_S ? (int)((left + US_PER_MS - 1) / US_PER_MS) : 3600 * 1000;
}

/* ---- libcurl's side: it says which sockets and which time to watch ---- */

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
    (void)easy;
    struct loop *loop = ctx;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    struct epoll_event event = {.data.fd = fd};
    if (what & CURL_POLL_IN)
        event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        event.events |= EPOLLOUT;
    int rc = epoll_ctl(loop->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    if (rc != 0) {
        LOG(LOG_ERROR, "cannot watch a socket", F_TEXT("reason", strerror(errno)));
        return -1;
    }
    if (!known)
        curl_multi_assign(loop->multi, fd, loop);
    return 0;
}

static int watch_time(CURLM *multi, long timeout_ms, void *ctx)
{
    (void)multi;
    struct loop *loop = ctx;
    if (timeout_ms < 0)
        loop_timer_cancel(loop, &loop->curl_timer);
    else
        loop_timer_arm(
            loop, &loop->curl_timer, timeout_ms == 0 ? 0 : clock_boot_us() + timeout_ms * US_PER_MS);
    return 0;
}

static void socket_action(struct loop *loop, curl_socket_t fd, int mask)
{
    int running;
    CURLMcode code = curl_multi_socket_action(loop->multi, fd, mask, &running);
    if (code != CURLM_OK)
        LOG(LOG_ERROR, "libcurl's loop failed", F_TEXT("reason", curl_multi_strerror(code)));
}

static void curl_time_passed(struct loop_timer *timer)
{
    socket_action(CONTAINER_OF(timer, struct loop, curl_timer), CURL_SOCKET_TIMEOUT, 0);
}

/* ---- transfers ---- */

enum err_code loop_add_transfer(struct loop *loop, CURL *easy,
    void (*done)(void *ctx, CURL *easy, CURLcode result), void *ctx, struct error *err)
{
    assert_on_loop(loop);
    struct transfer *transfer = loop->spare;
    if (transfer)
        loop->spare = transfer->next_spare;
    else
        transfer = mem_alloc(sizeof *transfer);
    *transfer = (struct transfer){.done = done, .ctx = ctx};
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    CURLMcode code = curl_multi_add_handle(loop->multi, easy);
    if (code != CURLM_OK) {
        transfer->next_spare = loop->spare;
        loop->spare = transfer;
        return error_set(
            err, ERR_UNAVAILABLE, "libcurl cannot start a transfer: %s", curl_multi_strerror(code));
    }
    loop->transfers++;
    return ERR_OK;
}

/* Takes the handle out and returns what was to be called for it. */
static struct transfer detach(struct loop *loop, CURL *easy)
{
    struct transfer *transfer = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    curl_multi_remove_handle(loop->multi, easy);
    struct transfer copy = *transfer;
    transfer->next_spare = loop->spare;
    loop->spare = transfer;
    loop->transfers--;
    return copy;
}

void loop_remove_transfer(struct loop *loop, CURL *easy)
{
    assert_on_loop(loop);
    detach(loop, easy);
}

static void finish_transfers(struct loop *loop)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(loop->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *easy = message->easy_handle; /* the message is gone once the handle is removed */
        CURLcode result = message->data.result;
        struct transfer transfer = detach(loop, easy);
        transfer.done(transfer.ctx, easy, result);
    }
}

/* ---- the thread ---- */

static void run_tasks(struct loop *loop)
{
    struct inbox_item *item = inbox_take_all(&loop->inbox);
    while (item) {
        struct loop_task *task = CONTAINER_OF(item, struct loop_task, item);
        item = item->next; /* the task may free itself */
        task->run(task);
    }
}

static void turn(struct loop *loop)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int count = epoll_wait(loop->epoll_fd, events, EVENTS_AT_ONCE, wait_ms(loop));
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == loop->inbox.event_fd) {
            run_tasks(loop);
            continue;
        }
        int mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        socket_action(loop, events[i].data.fd, mask);
    }
    run_due_timers(loop);
    finish_transfers(loop);
}

static void *run(void *ctx)
{
    struct loop *loop = ctx;
    thread_begin(loop->name, THREAD_AFTER);
    loop->self = pthread_self();
    while (!inbox_is_closed(&loop->inbox))
        turn(loop);
    run_tasks(loop);
    socket_action(loop, CURL_SOCKET_TIMEOUT, 0); /* what ends at once may end */
    finish_transfers(loop);
    return NULL;
}

static enum err_code watch_inbox(struct loop *loop, struct error *err)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = loop->inbox.event_fd};
    if (loop->epoll_fd < 0 || epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->inbox.event_fd, &event) != 0)
        return error_set(err, ERR_UNAVAILABLE, "cannot open an epoll descriptor: %s", strerror(errno));
    return ERR_OK;
}

/*
 * libcurl's own limit on kept connections is four times the transfers of the moment, which would close them
 * after every burst; past the limit it searches all connections at each end of a transfer.
 */
static long most_connections(void)
{
    struct rlimit files = {.rlim_cur = 1024};
    getrlimit(RLIMIT_NOFILE, &files);
    long most = files.rlim_cur < 65536 ? (long)files.rlim_cur : 65536;
    return most / 4 * 3;
}

static enum err_code open_multi(struct loop *loop, struct error *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(loop->multi = curl_multi_init()))
        return error_set(err, ERR_UNAVAILABLE, "libcurl does not start");
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, watch_time);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, most_connections());
    return ERR_OK;
}

/* Signals are the main thread's; the threads that libcurl starts for look-ups inherit this. */
static enum err_code start_thread(struct loop *loop, struct error *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&loop->thread, NULL, run, loop);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        return error_set(err, ERR_UNAVAILABLE, "cannot start the thread %s: %s", loop->name, strerror(rc));
    return ERR_OK;
}

static void release(struct loop *loop)
{
    if (loop->multi)
        curl_multi_cleanup(loop->multi);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    inbox_destroy(&loop->inbox);
    for (struct transfer *transfer = loop->spare, *next; transfer; transfer = next) {
        next = transfer->next_spare;
        mem_free(transfer);
    }
    mem_free(loop->heap);
    mem_free(loop);
}

enum err_code loop_start(const char *name, struct loop **loop, struct error *err)
{
    struct loop *made = mem_zalloc(sizeof *made);
    made->epoll_fd = -1;
    made->curl_timer.run = curl_time_passed;
    snprintf(made->name, sizeof made->name, "%s", name);
    enum err_code rc = inbox_init(&made->inbox, true, err);
    if (rc != ERR_OK) {
        mem_free(made);
        return rc;
    }
    made->self = pthread_self(); /* until the thread takes over */
    rc = watch_inbox(made, err);
    if (rc == ERR_OK)
        rc = open_multi(made, err);
    if (rc == ERR_OK)
        rc = start_thread(made, err);
    if (rc != ERR_OK) {
        release(made);
        return rc;
    }
    *loop = made;
    return ERR_OK;
}

bool loop_post(struct loop *loop, struct loop_task *task)
{
    return inbox_post(&loop->inbox, &task->item);
}

void loop_stop(struct loop *loop)
{
    inbox_close(&loop->inbox);
    pthread_join(loop->thread, NULL);
    assert(loop->transfers == 0);
    loop->self = pthread_self(); /* closing the connections un-watches them, here */
    release(loop);
}

bool loop_global_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

void loop_global_cleanup(void)
{
    curl_global_cleanup();
}
