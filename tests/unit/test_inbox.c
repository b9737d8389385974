/* Inboxes (base/inbox.h): order, many posters, closing, poking, the event descriptor. */
#include "base/inbox.h"

#include "base/alloc.h"
#include "support.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

struct letter {
    struct inbox_item item;
    int poster, number;
};

static struct letter *letter_of(struct inbox_item *item)
{
    return CONTAINER_OF(item, struct letter, item);
}

static void open_inbox(struct inbox *inbox, bool with_event_fd)
{
    struct error err = {0};
    must(inbox_init(inbox, with_event_fd, &err), &err);
}

static void items_leave_in_the_order_they_came(void **state)
{
    (void)state;
    struct inbox inbox;
    struct letter letters[10];
    open_inbox(&inbox, false);
    assert_null(inbox_take(&inbox, 5));
    for (int i = 0; i < 10; i++) {
        letters[i].number = i;
        assert_true(inbox_post(&inbox, &letters[i].item));
    }
    assert_int_equal(inbox_count(&inbox), 10);
    int number = 0;
    for (size_t most = 1; most <= 4; most++) {
        size_t taken = 0;
        for (struct inbox_item *item = inbox_take(&inbox, most); item; item = item->next, taken++)
            assert_int_equal(letter_of(item)->number, number++);
        assert_int_equal(taken, most);
    }
    assert_int_equal(inbox_count(&inbox), 0);
    assert_null(inbox_take_all(&inbox));
    assert_true(inbox_post(&inbox, &letters[0].item)); /* an emptied one works again */
    assert_ptr_equal(inbox_take_wait(&inbox, 9, -1), &letters[0].item);
    inbox_destroy(&inbox);
}

static void a_closed_inbox_gives_what_is_there_and_takes_nothing(void **state)
{
    (void)state;
    struct inbox inbox;
    struct letter a, b;
    open_inbox(&inbox, false);
    assert_true(inbox_post(&inbox, &a.item));
    assert_false(inbox_is_closed(&inbox));
    inbox_close(&inbox);
    assert_true(inbox_is_closed(&inbox));
    assert_false(inbox_post(&inbox, &b.item));
    assert_ptr_equal(inbox_take_wait(&inbox, 9, -1), &a.item);
    assert_null(inbox_take_wait(&inbox, 9, -1)); /* and does not wait */
    assert_null(inbox_take_wait(&inbox, 9, -1));
    inbox_destroy(&inbox);
}

static void a_poke_ends_one_wait(void **state)
{
    (void)state;
    struct inbox inbox;
    struct letter a;
    open_inbox(&inbox, false);
    inbox_poke(&inbox);
    assert_null(inbox_take_wait(&inbox, 9, -1));
    assert_null(inbox_take_wait(&inbox, 9, 1000)); /* by its time-out */
    inbox_poke(&inbox);
    assert_true(inbox_post(&inbox, &a.item));
    assert_ptr_equal(inbox_take_wait(&inbox, 9, -1), &a.item);
    inbox_destroy(&inbox);
}

static bool rings(struct inbox *inbox)
{
    struct pollfd fd = {.fd = inbox->event_fd, .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

static void the_event_descriptor_follows(void **state)
{
    (void)state;
    struct inbox inbox;
    struct letter a, b;
    open_inbox(&inbox, true);
    assert_false(rings(&inbox));
    assert_true(inbox_post(&inbox, &a.item));
    assert_true(inbox_post(&inbox, &b.item));
    assert_true(rings(&inbox));
    assert_ptr_equal(inbox_take_all(&inbox), &a.item);
    assert_false(rings(&inbox));
    inbox_close(&inbox);
    assert_true(rings(&inbox));
    inbox_destroy(&inbox);
}

#define POSTERS 8
#define EACH 5000

struct poster {
    struct inbox *inbox;
    struct letter letters[EACH];
    pthread_t thread;
};

static void *poster_main(void *arg)
{
    struct poster *poster = arg;
    for (int i = 0; i < EACH; i++)
        if (!inbox_post(poster->inbox, &poster->letters[i].item))
            return poster;
    return NULL;
}

/* Each poster's items arrive all, and in its order. */
static void many_posters_lose_nothing(void **state)
{
    (void)state;
    struct inbox inbox;
    struct poster *posters = mem_zalloc(POSTERS * sizeof *posters);
    int next[POSTERS] = {0}, total = 0;
    open_inbox(&inbox, true);
    for (int i = 0; i < POSTERS; i++) {
        posters[i].inbox = &inbox;
        for (int j = 0; j < EACH; j++)
            posters[i].letters[j] = (struct letter){.poster = i, .number = j};
        assert_int_equal(pthread_create(&posters[i].thread, NULL, poster_main, &posters[i]), 0);
    }
    while (total < POSTERS * EACH) {
        struct inbox_item *list =
            total % 2 ? inbox_take_wait(&inbox, 7, DEADLINE_US) : inbox_take_all(&inbox);
        for (struct inbox_item *item = list; item; item = item->next, total++)
            assert_int_equal(letter_of(item)->number, next[letter_of(item)->poster]++);
    }
    for (int i = 0; i < POSTERS; i++) {
        void *refused;
        pthread_join(posters[i].thread, &refused);
        assert_null(refused);
    }
    assert_int_equal(inbox_count(&inbox), 0);
    inbox_destroy(&inbox);
    mem_free(posters);
}

struct taker {
    struct inbox *inbox;
    atomic_int taken;
};

static void *taker_main(void *arg)
{
    struct taker *taker = arg;
    while (inbox_take_wait(taker->inbox, 1, -1))
        atomic_fetch_add(&taker->taken, 1);
    return NULL;
}

static void several_takers_share_and_all_end(void **state)
{
    (void)state;
    struct inbox inbox;
    struct taker taker = {.inbox = &inbox};
    struct letter letters[1000];
    pthread_t threads[4];
    open_inbox(&inbox, false);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, taker_main, &taker), 0);
    for (int i = 0; i < 1000; i++)
        assert_true(inbox_post(&inbox, &letters[i].item));
    inbox_close(&inbox);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&taker.taken), 1000);
    inbox_destroy(&inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_leave_in_the_order_they_came),
        cmocka_unit_test(a_closed_inbox_gives_what_is_there_and_takes_nothing),
        cmocka_unit_test(a_poke_ends_one_wait),
        cmocka_unit_test(the_event_descriptor_follows),
        cmocka_unit_test(many_posters_lose_nothing),
        cmocka_unit_test(several_takers_share_and_all_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
