/*
 * Who may do what: the one function that every handler, list and read passes (I8, M13). Pure over facts that are
 * loaded once with the actor; the reason comes with the answer. docs/permissions.md has the whole in tables.
 *
 * Grants say for each kind of thing and each verb: none, my, or all. They come from permission groups, the person's own
 * and those of the person's roles; several add up. Sharing on an Activity Object takes activities of that type away from
 * all whom it does not name. Whose a thing is:
 *
 *      activities      who logged it
 *      scheduled       who is assigned to it, by name or by a role; they may always view it and complete it
 *      records         its owner
 *
 * Lists filter in SQL by the same facts: ACCESS_SHARED, and the employee's id where only the own things are granted.
 */
#ifndef HERALD_CRM_ACCESS_H
#define HERALD_CRM_ACCESS_H

#include "crm/actor.h"

enum permission_kind {
    PERMIT_ACTIVITIES,
    PERMIT_SCHEDULED,
    PERMIT_RECORDS,
    PERMIT_OBJECTS,
    PERMIT_WEBHOOKS,
    PERMIT_PEOPLE,
    PERMIT_AUDIT,
    PERMISSION_KINDS
};
enum permission_verb { PERMIT_VIEW, PERMIT_LOG, PERMIT_CREATE, PERMIT_EDIT, PERMIT_DELETE, PERMISSION_VERBS };
enum permission_level { LEVEL_NONE = 0, LEVEL_MY = 1, LEVEL_ALL = 3 };

/* As they are stored: for each kind two bits a verb. What two grant together is the OR of both. */
struct grants {
    int64_t of[PERMISSION_KINDS];
};

const char *permission_kind_name(enum permission_kind kind);
const char *permission_verb_name(enum permission_verb verb);
const char *permission_level_name(enum permission_level level);
/* Whether there is such a permission at all, and whether it can be granted for the own things only. */
bool permission_exists(enum permission_kind kind, enum permission_verb verb);
bool permission_has_my(enum permission_kind kind, enum permission_verb verb);

enum permission_level grants_level(
    const struct grants *grants, enum permission_kind kind, enum permission_verb verb);
void grants_set(
    struct grants *grants, enum permission_kind kind, enum permission_verb verb, enum permission_level level);

/* The facts. In the arena of the actor. */
struct access {
    struct grants grants;
    bool owner; /* a member of the owner group */
    const struct id *roles;
    size_t role_count;
    const struct id *hidden; /* Activity Objects that sharing takes away */
    size_t hidden_count;
};

/* An operator's, by the administration socket: all. */
extern const struct access access_operator;

/* The facts of an actor: one query. Any thread, with a connection of its own. */
enum err_code access_load(struct db *db, struct arena *arena, const struct actor *actor,
    const struct access **access, struct error *err) MUST_CHECK;

/*
 * In a cold write: whether it is still the same caller (ERR_UNAUTHENTICATED), and what they may now, so that whoever
 * lost a key or a permission meanwhile does not use it. Asked if the settings have changed since, and always of whoever
 * came by a session or with an expired key, which end without such a change.
 */
enum err_code actor_still_may(
    struct db *db, struct arena *arena, struct actor *actor, struct error *err) MUST_CHECK;

enum action {
    ACTION_VIEW_ACTIVITY,
    ACTION_LOG_ACTIVITY,
    ACTION_DELETE_ACTIVITY,
    ACTION_VIEW_SCHEDULED_ACTIVITY,
    ACTION_COMPLETE_ACTIVITY,
    ACTION_SCHEDULE_ACTIVITY,
    ACTION_EDIT_SCHEDULED_ACTIVITY,
    ACTION_ASSIGN_SCHEDULED_ACTIVITY, /* to whom `thing` says, for whoever may edit it as it was */
    ACTION_DELETE_SCHEDULED_ACTIVITY,
    ACTION_VIEW_RECORD,
    ACTION_ADD_RECORD,
    ACTION_EDIT_RECORD,
    ACTION_DELETE_RECORD,
    ACTION_VIEW_OBJECT,
    ACTION_ADD_OBJECT,
    ACTION_EDIT_OBJECT,
    ACTION_DELETE_OBJECT,
    ACTION_VIEW_DELIVERY,
    ACTION_VIEW_NOTIFICATION,
    ACTION_VIEW_EMPLOYEE,
    ACTION_ADD_EMPLOYEE,
    ACTION_EDIT_EMPLOYEE,
    ACTION_DELETE_EMPLOYEE,
    ACTION_VIEW_ROLE,
    ACTION_ADD_ROLE,
    ACTION_EDIT_ROLE,
    ACTION_VIEW_GROUP,
    ACTION_ADD_GROUP,
    ACTION_EDIT_GROUP,
    ACTION_DELETE_GROUP,
    ACTION_VIEW_AUDIT,
    ACTIONS
};

/* What an action is about, as far as it matters. */
struct thing {
    struct id activity_object_id; /* its type; nil: it has none */
    struct id employee_id; /* who logged it, is to do it, owns it; nil: nobody */
    struct id role_id; /* which role is to do it; nil: none */
};

/*
 * Whether the actor may. `thing` NULL: whether there is anything with which the actor might; lists then show the things
 * with which they may. ERR_DENIED: the sentence names the permission that is missing. ERR_NOT_FOUND: the actor is not
 * even to know of it.
 */
enum err_code may(
    const struct actor *actor, enum action action, const struct thing *thing, struct error *err) MUST_CHECK;

/* The same for a cold write; an operator may do all. */
enum err_code write_may(
    const struct write *w, enum action action, const struct thing *thing, struct error *err) MUST_CHECK;

/* The same, where no reason is wanted: whether to show it. */
bool may_see(const struct actor *actor, enum action action, const struct thing *thing);

/* Nobody may give away what they lack: ERR_DENIED names the first permission in `grants` that the writer lacks. */
enum err_code write_may_grant(
    const struct write *w, const struct grants *grants, bool owner, struct error *err) MUST_CHECK;

/* ── for lists ───────────────────────────────────────────────────────────────────────────────── */

/* How far a permission reaches. */
enum permission_level access_level(const struct actor *actor, enum action action);
bool access_is_hidden(const struct actor *actor, struct id activity_object_id);
/* For whom a list asks ACCESS_SHARED: the employee; nil: sharing takes nothing away from them. */
struct id access_shared_for(const struct actor *actor);

/* Whether `type` is shared with `employee` of `business`: names of columns or parameters. */
#define ACCESS_SHARED(type, business, employee)                                                              \
    "(EXISTS (SELECT 1 FROM activity_object x WHERE x.id = " type " AND x.business_id = " business           \
    " AND x.restricted = 0) OR EXISTS (SELECT 1 FROM activity_object_share x WHERE "                         \
    "x.activity_object_id = " type " AND x.business_id = " business " AND (x.subject_id = " employee         \
    " OR x.subject_id IN (SELECT y.role_id FROM employee_role y WHERE y.employee_id = " employee             \
    " AND y.business_id = " business ")))) "

#endif
