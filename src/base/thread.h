/*
 * The beginning of a thread: its name, and who goes first where there is more to do than there are cores. Whoever waits
 * for an answer waits for `http` and `writer`, so the others step back behind them. They still get their share: this
 * weighs, it does not starve (a step of 5 is about a third of the time that a thread of step 0 gets beside it).
 */
#ifndef HERALD_BASE_THREAD_H
#define HERALD_BASE_THREAD_H

enum thread_step {
    THREAD_AT_ONCE = 0, /* answers and commits: others wait for them */
    THREAD_SOON = 3, /* prepares what is committed next */
    THREAD_AFTER = 6, /* what nobody waits for: webhooks, reading ahead */
};

/* By the thread itself, once, as the first that it does. The name has 15 bytes at most. */
void thread_begin(const char *name, enum thread_step step);

#endif
