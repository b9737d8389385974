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

static void take_due(
    struct line *line, struct loop *loop, const struct due_step *steps, size_t count, int64_t now)
{
    line->unread = count == line->most;
    for (size_t i = 0; i < count; i++) {
        if (steps[i].next_at > now) {
            int64_t wait = steps[i].next_at - now;
            line_wake_at(line, loop, clock_boot_us() + (wait < LOOK_AGAIN_US ? wait : LOOK_AGAIN_US));
            line->unread = false;
            return;
        }
        if (line->held_count == line->most) {
            line->unread = true;
            return;
        }
        if (!holds(line, steps[i].inbox))
            add(line, &steps[i]);
    }
}

enum err_code line_refill(struct line *line, struct loop *loop, struct db *db, struct error *err)
{
    if (!line->unread || line->ready_count >= (size_t)line->gate->most || line->held_count == line->most)
        return ERR_OK;
    struct due_step *steps = mem_alloc(line->most * sizeof *steps);
    size_t count;
    int64_t now = clock_wall_us();
    enum err_code code = inbox_due(db, line->hook->path, line->step, now, steps, line->most, &count, err);
    if (!code)
        take_due(line, loop, steps, count, now);
    mem_free(steps);
    return code;
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
