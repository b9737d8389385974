#include "base/inbox.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum err_code inbox_init(struct inbox *inbox, bool with_event_fd, struct error *err)
{
    *inbox = (struct inbox){.event_fd = -1};
    if (with_event_fd) {
        inbox->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (inbox->event_fd < 0)
            return error_set(err, ERR_UNAVAILABLE, "cannot open an event descriptor: %s", strerror(errno));
    }
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&inbox->filled, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&inbox->lock, NULL);
    inbox->tail = &inbox->head;
    return ERR_OK;
}

void inbox_destroy(struct inbox *inbox)
{
    if (inbox->event_fd >= 0)
        close(inbox->event_fd);
    pthread_cond_destroy(&inbox->filled);
    pthread_mutex_destroy(&inbox->lock);
}

static void ring(struct inbox *inbox)
{
    uint64_t one = 1;
    if (inbox->event_fd >= 0) {
        ssize_t written = write(inbox->event_fd, &one, sizeof one);
        (void)written; /* full means: already ringing */
    }
}

bool inbox_post(struct inbox *inbox, struct inbox_item *item)
{
    item->next = NULL;
    pthread_mutex_lock(&inbox->lock);
    bool accepted = !inbox->closed;
    bool was_empty = inbox->head == NULL;
    if (accepted) {
        *inbox->tail = item;
        inbox->tail = &item->next;
        inbox->count++;
    }
    pthread_mutex_unlock(&inbox->lock);
    if (accepted) {
        pthread_cond_signal(&inbox->filled);
        if (was_empty)
            ring(inbox);
    }
    return accepted;
}

void inbox_close(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->closed = true;
    pthread_mutex_unlock(&inbox->lock);
    pthread_cond_broadcast(&inbox->filled);
    ring(inbox);
}

/* Under lock. */
static struct inbox_item *detach(struct inbox *inbox, size_t most)
{
    struct inbox_item *list = inbox->head, *last = list;
    if (!list)
        return NULL;
    size_t taken = 1;
    while (taken < most && last->next) {
        last = last->next;
        taken++;
    }
    inbox->head = last->next;
    if (!inbox->head)
        inbox->tail = &inbox->head;
    last->next = NULL;
    inbox->count -= taken;
    return list;
}

void inbox_poke(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->poked = true;
    pthread_mutex_unlock(&inbox->lock);
    pthread_cond_signal(&inbox->filled);
}

struct inbox_item *inbox_take(struct inbox *inbox, size_t most)
{
    pthread_mutex_lock(&inbox->lock);
    struct inbox_item *list = detach(inbox, most);
    pthread_mutex_unlock(&inbox->lock);
    return list;
}

struct inbox_item *inbox_take_all(struct inbox *inbox)
{
    if (inbox->event_fd >= 0) {
        uint64_t count;
        ssize_t got = read(inbox->event_fd, &count, sizeof count);
        (void)got;
    }
    pthread_mutex_lock(&inbox->lock);
    struct inbox_item *list = detach(inbox, SIZE_MAX);
    pthread_mutex_unlock(&inbox->lock);
    return list;
}

struct inbox_item *inbox_take_wait(struct inbox *inbox, size_t most, int64_t timeout_us)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + (timeout_us < 0 ? 0 : timeout_us % US_PER_S * 1000);
    until.tv_sec += (timeout_us < 0 ? 0 : timeout_us / US_PER_S) + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;

    pthread_mutex_lock(&inbox->lock);
    int rc = 0;
    while (!inbox->head && !inbox->closed && !inbox->poked && rc == 0) {
        if (timeout_us < 0)
            pthread_cond_wait(&inbox->filled, &inbox->lock);
        else
            rc = pthread_cond_timedwait(&inbox->filled, &inbox->lock, &until);
    }
    inbox->poked = false;
    struct inbox_item *list = detach(inbox, most);
    pthread_mutex_unlock(&inbox->lock);
    return list;
}

size_t inbox_count(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    size_t count = inbox->count;
    pthread_mutex_unlock(&inbox->lock);
    return count;
}

bool inbox_is_closed(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    bool closed = inbox->closed;
    pthread_mutex_unlock(&inbox->lock);
    return closed;
}
