#include "loop.h"

#include "base/clock.h"
#include "bench.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { EVENTS_MOST = 128 };

void loop_init(struct loop *loop)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    loop->timer_us = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (loop->epoll_fd < 0 || loop->timer_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->timer_fd, &event))
        fatal("cannot make an event loop: %s", strerror(errno));
}

void loop_destroy(struct loop *loop)
{
    close(loop->epoll_fd);
    close(loop->timer_fd);
}

void loop_add(struct loop *loop, struct source *source)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event))
        fatal("cannot watch a connection: %s", strerror(errno));
}

/* Most turns end before their limit, so the timer is touched only when the limit has changed. */
static void set_timer(struct loop *loop, int64_t until_us)
{
    if (until_us == loop->timer_us || until_us == INT64_MAX)
        return;
    struct itimerspec spec = {
        .it_value = {.tv_sec = until_us / US_PER_S, .tv_nsec = until_us % US_PER_S * 1000}};
    timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
    loop->timer_us = until_us;
}

static void timer_ready(struct loop *loop)
{
    uint64_t times;
    if (read(loop->timer_fd, &times, sizeof times) == (ssize_t)sizeof times)
        loop->timer_us = 0;
}

void loop_turn(struct loop *loop, int64_t until_us)
{
    struct epoll_event events[EVENTS_MOST];
    bool due = until_us <= clock_boot_us();
    if (!due)
        set_timer(loop, until_us);
    int n = epoll_wait(loop->epoll_fd, events, EVENTS_MOST, due ? 0 : -1);
    for (int i = 0; i < n; i++) {
        struct source *source = events[i].data.ptr;
        if (source)
            source->ready(loop, source);
        else
            timer_ready(loop);
    }
}
