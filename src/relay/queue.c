#include "relay/queue.h"

#include "base/alloc.h"
#include "base/clock.h"

/* The wall clock may jump back: look again at least this often, whatever it says. */
#define LOOK_AGAIN_US (60 * US_PER_S)

void line_init(struct line *line)
{
    line->held = mem_zalloc(line->most * sizeof(struct job *));
    line->ready_tail = &line->ready;
}

static void job_free(struct job *job)
{
    mem_free(job->record);
    mem_free(job);
}

void line_free(struct line *line)
{
    for (size_t i = 0; i < line->held_count; i++)
        job_free(line->held[i]);
    mem_free(line->held);
}

static bool holds(const struct line *line, struct id inbox)
{
    for (size_t i = 0; i < line->held_count; i++)
        if (id_equal(line->held[i]->step.inbox, inbox))
            return true;
    return false;
}

static void add(struct line *line, const struct due_step *step)
{
    struct job *job = mem_zalloc(sizeof *job);
    job->line = line;
    job->step = *step;
    job->slot = line->held_count;
    line->held[line->held_count++] = job;
    *line->ready_tail = job;
    line->ready_tail = &job->next;
    line->ready_count++;
}

static void take_due(struct line *line, struct loop *loop, const struct due_list *list, int64_t now)
{
    line->unread = list->count == line->most;
    for (size_t i = 0; i < list->count; i++) {
        const struct due_step *step = &list->steps[i];
        if (step->next_at > now) {
            int64_t wait = step->next_at - now;
            line_wake_at(line, loop, clock_boot_us() + (wait < LOOK_AGAIN_US ? wait : LOOK_AGAIN_US));
            line->unread = false;
            return;
        }
        if (line->held_count == line->most) {
            line->unread = true;
            return;
        }
        if (!holds(line, step->inbox))
            add(line, step);
    }
}

/* A few, so that what arrives next is still newer than what is held; more than can be in flight already. */
static enum err_code take_newest(
    struct line *line, struct db *db, struct due_list *list, int64_t now, struct error *err)
{
    size_t few = 2 * (size_t)line->gate->most;
    list->most = few < line->most ? few : line->most;
    enum err_code code = inbox_newest(db, line->hook->path, line->step, now, list, err);
    for (size_t i = 0; i < list->count && !code && line->held_count < line->most; i++)
        if (!holds(line, list->steps[i].inbox))
            add(line, &list->steps[i]);
    line->newest_first = code || list->count > 0;
    list->most = line->most;
    return code;
}

static enum err_code refill(
    struct line *line, struct loop *loop, struct db *db, struct due_list *list, struct error *err)
{
    struct due_times times = {.now = clock_wall_us(), .latest = line->latest_us};
    enum err_code code = line->newest_first ? take_newest(line, db, list, times.now, err) : ERR_OK;
    if (code || line->newest_first)
        return code;
    code = inbox_due(db, line->hook->path, line->step, &times, list, err);
    if (!code)
        take_due(line, loop, list, times.now);
    return code;
}

enum err_code line_refill(struct line *line, struct loop *loop, struct db *db, struct error *err)
{
    if (!line->unread || line->ready_count >= (size_t)line->gate->most || line->held_count == line->most)
        return ERR_OK;
    struct due_list list = {.steps = mem_alloc(line->most * sizeof *list.steps), .most = line->most};
    enum err_code code = refill(line, loop, db, &list, err);
    mem_free(list.steps);
    return code;
}

void line_turn_to_newest(struct line *line)
{
    for (struct job *job = line_pop(line); job; job = line_pop(line))
        line_drop(job);
    line->newest_first = true;
    line->unread = true;
}

struct job *line_pop(struct line *line)
{
    struct job *job = line->ready;
    if (!job)
        return NULL;
    line->ready = job->next;
    if (!line->ready)
        line->ready_tail = &line->ready;
    line->ready_count--;
    return job;
}

void line_drop(struct job *job)
{
    struct line *line = job->line;
    struct job *last = line->held[--line->held_count];
    line->held[job->slot] = last;
    last->slot = job->slot;
    job_free(job);
}

void line_wake_at(struct line *line, struct loop *loop, int64_t due_boot_us)
{
    if (!line->timer.slot || due_boot_us < line->timer.due_boot_us)
        loop_timer_arm(loop, &line->timer, due_boot_us);
}
