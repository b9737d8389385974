/*
 * Named faults, for tests, in debug builds only (meson -Dfaults=true); elsewhere FAULT() is the constant 0.
 *
 * Set from the environment before start: HERALD_FAULTS="commit=@/tmp/full,before_commit=3"
 *   name=N       fires at the N-th time the position is passed, once
 *   name=N+      fires from the N-th time on
 *   name=@PATH   fires while the file PATH exists, so that a test can switch it at run time
 *
 * FAULT(x) tells whether x fires now; FAULT_KILL(x) ends the process there as SIGKILL would.
 * Any thread. The list is sorted; add a line, then use the name.
 */
#ifndef HERALD_BASE_FAULT_H
#define HERALD_BASE_FAULT_H

#include <stdbool.h>

#define FAULT_LIST(X)                                                                                        \
    X(after_commit) /* die: committed, nobody has been told */                                               \
    X(after_mail) /* die: the SMTP server has the email, not yet recorded */                                 \
    X(after_relay_post) /* die: the relay's action succeeded, not yet recorded */                            \
    X(after_send) /* die: the webhook was answered, its outcome is not yet recorded */                       \
    X(alloc) /* an allocation whose size a peer chose fails */                                               \
    X(aside) /* the thread for passwords stands still */                                                     \
    X(before_commit) /* die: everything written, nothing committed */                                        \
    X(commit) /* COMMIT fails: the disk is full */                                                           \
    X(commit_answer) /* COMMIT works, but its answer is lost */                                              \
    X(db_lost) /* a statement fails: the database is gone */                                                 \
    X(net_connect) /* opening a socket for a request fails */                                                \
    X(statement) /* a statement inside the writer's transaction fails */

enum fault_id {
#define FAULT_ENUM(name) FAULT_ID_##name,
    FAULT_LIST(FAULT_ENUM)
#undef FAULT_ENUM
        FAULT_COUNT
};

#ifdef HERALD_FAULTS
/* Reads HERALD_FAULTS anew, counting from the first pass; returns false, and names what it did not understand on
 * stderr. While there are no other threads. */
bool fault_init(void);
/* HERALD_CLOCK=PATH: the clock goes ahead by what the file holds, eight bytes of microseconds, at any time. */
bool fault_clock_init(void);
bool fault_fires(enum fault_id id);
void fault_kill(void);
#define FAULT(name) fault_fires(FAULT_ID_##name)
#define FAULT_KILL(name)                                                                                     \
    do {                                                                                                     \
        if (FAULT(name))                                                                                     \
            fault_kill();                                                                                    \
    } while (0)
#else
static inline bool fault_init(void)
{
    return true;
}
static inline bool fault_clock_init(void)
{
    return true;
}
#define FAULT(name) false
#define FAULT_KILL(name)                                                                                     \
    do {                                                                                                     \
    } while (0)
#endif

#endif
