/* The network loop: order of tasks, timers against a plain sort, what is run before it stops. */
#include "base/clock.h"
#include "base/macros.h"
#include "net/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* A function on the loop's thread, and a wait until it says that all is over. */
struct job {
    struct loop_task task; /* first */
    struct loop *loop;
    void (*run)(struct job *job);
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool over;
};

static void run_job(struct loop_task *task)
{
    struct job *job = CONTAINER_OF(task, struct job, task);
    job->run(job);
}

static void job_over(struct job *job)
{
    pthread_mutex_lock(&job->lock);
    job->over = true;
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
}

static void run_on_loop(struct job *job, void (*run)(struct job *job))
{
    struct error err = {0};
    job->task.run = run_job;
    job->run = run;
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->changed, NULL);
    assert_int_equal(loop_start("test", &job->loop, &err), ERR_OK);
    assert_true(loop_post(job->loop, &job->task));
    pthread_mutex_lock(&job->lock);
    while (!job->over)
        pthread_cond_wait(&job->changed, &job->lock);
    pthread_mutex_unlock(&job->lock);
    loop_stop(job->loop);
    pthread_cond_destroy(&job->changed);
    pthread_mutex_destroy(&job->lock);
}

/* ---- timers ---- */

#define TIMERS 1000

struct numbered {
    struct loop_timer timer;
    struct timers *all;
    bool cancelled, ran;
};

struct timers {
    struct job job; /* first */
    struct numbered timers[TIMERS];
    struct loop_timer last;
    int64_t latest; /* due time of the timer that ran last */
    int ran, out_of_order, early, cancelled_ran;
};

static void timer_ran(struct loop_timer *timer)
{
    struct numbered *n = CONTAINER_OF(timer, struct numbered, timer);
    struct timers *all = n->all;
    all->ran++;
    all->early += clock_boot_us() < timer->due_boot_us;
    all->out_of_order += timer->due_boot_us < all->latest;
    all->cancelled_ran += n->cancelled || n->ran;
    all->latest = timer->due_boot_us;
    n->ran = true;
}

static void last_timer_ran(struct loop_timer *timer)
{
    job_over(&CONTAINER_OF(timer, struct timers, last)->job);
}

/* Armed, moved and cancelled at random; deterministic, since the seed is. */
static void arm_timers(struct job *job)
{
    struct timers *all = CONTAINER_OF(job, struct timers, job);
    unsigned seed = 7;
    int64_t now = clock_boot_us();
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < TIMERS; i++) {
            struct numbered *n = &all->timers[i];
            n->all = all;
            n->timer.run = timer_ran;
            n->cancelled = rand_r(&seed) % 4 == 0;
            if (n->cancelled)
                loop_timer_cancel(job->loop, &n->timer);
            else
                loop_timer_arm(job->loop, &n->timer, now + rand_r(&seed) % 30000);
        }
    }
    all->last.run = last_timer_ran;
    loop_timer_arm(job->loop, &all->last, now + 30000);
}

static void timers_run_once_in_order_and_never_early(void **state)
{
    (void)state;
    struct timers *all = calloc(1, sizeof *all);
    assert_non_null(all);
    run_on_loop(&all->job, arm_timers);
    int expected = 0;
    for (size_t i = 0; i < TIMERS; i++)
        expected += !all->timers[i].cancelled;
    assert_int_equal(all->ran, expected);
    assert_int_equal(all->out_of_order, 0);
    assert_int_equal(all->early, 0);
    assert_int_equal(all->cancelled_ran, 0);
    free(all);
}

struct repeating {
    struct job job; /* first */
    struct loop_timer busy;
    struct loop_task task;
    int runs;
    bool task_ran;
};

/* Always due again at once: others must get their turn all the same. */
static void run_busy(struct loop_timer *timer)
{
    struct repeating *r = CONTAINER_OF(timer, struct repeating, busy);
    r->runs++;
    if (r->task_ran)
        job_over(&r->job);
    else
        loop_timer_arm(r->job.loop, timer, 0);
}

static void run_beside_busy(struct loop_task *task)
{
    CONTAINER_OF(task, struct repeating, task)->task_ran = true;
}

static void start_busy(struct job *job)
{
    struct repeating *r = CONTAINER_OF(job, struct repeating, job);
    r->busy.run = run_busy;
    r->task.run = run_beside_busy;
    loop_timer_arm(job->loop, &r->busy, 0);
    if (!loop_post(job->loop, &r->task))
        job_over(job);
}

static void a_timer_that_is_always_due_holds_nobody(void **state)
{
    (void)state;
    struct repeating r = {0};
    run_on_loop(&r.job, start_busy);
    assert_true(r.task_ran);
    assert_true(r.runs > 0);
}

/* ---- tasks ---- */

#define TASKS 1000

struct counted {
    struct loop_task task; /* first */
    int number, *next, *wrong;
};

static void count_task(struct loop_task *task)
{
    struct counted *c = CONTAINER_OF(task, struct counted, task);
    *c->wrong += c->number != *c->next;
    ++*c->next;
    free(c);
}

static void tasks_run_in_order_and_before_the_loop_stops(void **state)
{
    (void)state;
    struct loop *loop;
    int next = 0, wrong = 0;
    assert_int_equal(loop_start("a name that is too long for a thread", &loop, NULL), ERR_OK);
    for (int i = 0; i < TASKS; i++) {
        struct counted *c = calloc(1, sizeof *c);
        assert_non_null(c);
        *c = (struct counted){.task.run = count_task, .number = i, .next = &next, .wrong = &wrong};
        assert_true(loop_post(loop, &c->task));
    }
    loop_stop(loop);
    assert_int_equal(next, TASKS);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_run_once_in_order_and_never_early),
        cmocka_unit_test(a_timer_that_is_always_due_holds_nobody),
        cmocka_unit_test(tasks_run_in_order_and_before_the_loop_stops),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
