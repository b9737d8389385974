/*
 * Signing in, behind one small interface: a method turns a proof into the id of a User, and knows nothing of sessions;
 * session.h makes a session of the id, and knows nothing of proofs. A further method (OpenID Connect) is a line in the
 * table of identity.c and a file with its three functions.
 *
 *      proof ──look_up, a worker──▶ ──prove, the thread for slow work──▶ ──confirm, the writer──▶ user's id ──▶ session
 *
 * Every way in which a proof can be wrong is ERR_UNAUTHENTICATED, and takes as long as a right one.
 */
#ifndef HERALD_CRM_IDENTITY_H
#define HERALD_CRM_IDENTITY_H

#include "crm/crm.h"

/* As it came. Which members are there decides which method it is for. */
struct proof {
    const char *token; /* of a sign-in link */
    const char *email, *password;
};

struct identity;

struct identity_method {
    const char *name;
    bool (*takes)(const struct proof *proof);
    /* Whom an attempt is counted for (api/throttle.h), in the arena; NULL: proofs that cannot be guessed. */
    const char *(*account)(struct arena *arena, const struct proof *proof);
    /* A worker, which may not wait: reads what the proof is to be compared with. */
    enum err_code (*look_up)(
        struct db *db, struct arena *arena, struct identity *identity, struct error *err);
    /* What takes long; NULL: nothing does. No database. */
    enum err_code (*prove)(struct arena *arena, struct identity *identity, struct error *err);
    /* Inside the writer's transaction: it holds now, too; uses up what works once. Fills in user_id. */
    enum err_code (*confirm)(struct write *w, struct identity *identity, struct error *err);
};

/* A proof on its way. */
struct identity {
    const struct identity_method *method;
    struct proof proof;
    struct id user_id;
    struct id business_id; /* the one to be signed in to; nil: whichever */
    void *state; /* the method's own, in the arena */
};

/* The method for a proof; NULL: there is none. */
const struct identity_method *identity_method_for(const struct proof *proof);

#endif
