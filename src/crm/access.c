#include "crm/access.h"

/* ── names ───────────────────────────────────────────────────────────────────────────────────── */

const char *permission_kind_name(enum permission_kind kind)
{
    static const char *const names[] = {
        "activities", "scheduled", "records", "objects", "webhooks", "people", "audit"};
    return names[kind];
}

const char *permission_verb_name(enum permission_verb verb)
{
    static const char *const names[] = {"view", "log", "create", "edit", "delete"};
    return names[verb];
}

const char *permission_level_name(enum permission_level level)
{
    return level == LEVEL_ALL ? "all" : level == LEVEL_MY ? "my" : "none";
}

/* For each kind and verb: 0 there is none, 1 none or all, 2 none, my or all. */
static const unsigned char choices[PERMISSION_KINDS][PERMISSION_VERBS] = {
    [PERMIT_ACTIVITIES] = {[PERMIT_VIEW] = 2, [PERMIT_LOG] = 1, [PERMIT_DELETE] = 2},
    [PERMIT_SCHEDULED] = {2, 2, 2, 2, 2},
    [PERMIT_RECORDS] = {[PERMIT_VIEW] = 2, [PERMIT_CREATE] = 2, [PERMIT_EDIT] = 2, [PERMIT_DELETE] = 2},
    [PERMIT_OBJECTS] = {[PERMIT_VIEW] = 1, [PERMIT_CREATE] = 1, [PERMIT_EDIT] = 1, [PERMIT_DELETE] = 1},
    [PERMIT_WEBHOOKS] = {[PERMIT_VIEW] = 1},
    [PERMIT_PEOPLE] = {[PERMIT_VIEW] = 1, [PERMIT_CREATE] = 1, [PERMIT_EDIT] = 1, [PERMIT_DELETE] = 1},
    [PERMIT_AUDIT] = {[PERMIT_VIEW] = 1},
};

bool permission_exists(enum permission_kind kind, enum permission_verb verb)
{
    return choices[kind][verb] > 0;
}

bool permission_has_my(enum permission_kind kind, enum permission_verb verb)
{
    return choices[kind][verb] == 2;
}

/* ── grants ──────────────────────────────────────────────────────────────────────────────────── */

#define LEVEL_BITS 3

enum permission_level grants_level(
    const struct grants *grants, enum permission_kind kind, enum permission_verb verb)
{
    return (enum permission_level)(grants->of[kind] >> 2 * verb & LEVEL_BITS);
}

void grants_set(
    struct grants *grants, enum permission_kind kind, enum permission_verb verb, enum permission_level level)
{
    grants->of[kind] &= ~((int64_t)LEVEL_BITS << 2 * verb);
    grants->of[kind] |= (int64_t)level << 2 * verb;
}

#define EVERYTHING 0x3ff
const struct access access_operator = {
    .grants = {{EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING}},
    .owner = true};

/* ── the decision ────────────────────────────────────────────────────────────────────────────── */

/* What an action needs. */
struct need {
    enum permission_kind kind;
    enum permission_verb verb;
};

static const struct need needs[ACTIONS] = {
    [ACTION_VIEW_ACTIVITY] = {PERMIT_ACTIVITIES, PERMIT_VIEW},
    [ACTION_LOG_ACTIVITY] = {PERMIT_ACTIVITIES, PERMIT_LOG},
    [ACTION_DELETE_ACTIVITY] = {PERMIT_ACTIVITIES, PERMIT_DELETE},
    [ACTION_VIEW_SCHEDULED_ACTIVITY] = {PERMIT_SCHEDULED, PERMIT_VIEW},
    [ACTION_COMPLETE_ACTIVITY] = {PERMIT_SCHEDULED, PERMIT_LOG},
    [ACTION_SCHEDULE_ACTIVITY] = {PERMIT_SCHEDULED, PERMIT_CREATE},
    [ACTION_EDIT_SCHEDULED_ACTIVITY] = {PERMIT_SCHEDULED, PERMIT_EDIT},
    [ACTION_ASSIGN_SCHEDULED_ACTIVITY] = {PERMIT_SCHEDULED, PERMIT_EDIT},
    [ACTION_DELETE_SCHEDULED_ACTIVITY] = {PERMIT_SCHEDULED, PERMIT_DELETE},
    [ACTION_VIEW_RECORD] = {PERMIT_RECORDS, PERMIT_VIEW},
    [ACTION_ADD_RECORD] = {PERMIT_RECORDS, PERMIT_CREATE},
    [ACTION_EDIT_RECORD] = {PERMIT_RECORDS, PERMIT_EDIT},
    [ACTION_DELETE_RECORD] = {PERMIT_RECORDS, PERMIT_DELETE},
    [ACTION_VIEW_OBJECT] = {PERMIT_OBJECTS, PERMIT_VIEW},
    [ACTION_ADD_OBJECT] = {PERMIT_OBJECTS, PERMIT_CREATE},
    [ACTION_EDIT_OBJECT] = {PERMIT_OBJECTS, PERMIT_EDIT},
    [ACTION_DELETE_OBJECT] = {PERMIT_OBJECTS, PERMIT_DELETE},
    [ACTION_VIEW_DELIVERY] = {PERMIT_WEBHOOKS, PERMIT_VIEW},
    [ACTION_VIEW_NOTIFICATION] = {PERMIT_WEBHOOKS, PERMIT_VIEW},
    [ACTION_VIEW_EMPLOYEE] = {PERMIT_PEOPLE, PERMIT_VIEW},
    [ACTION_ADD_EMPLOYEE] = {PERMIT_PEOPLE, PERMIT_CREATE},
    [ACTION_EDIT_EMPLOYEE] = {PERMIT_PEOPLE, PERMIT_EDIT},
    [ACTION_DELETE_EMPLOYEE] = {PERMIT_PEOPLE, PERMIT_DELETE},
    [ACTION_VIEW_ROLE] = {PERMIT_PEOPLE, PERMIT_VIEW},
    [ACTION_ADD_ROLE] = {PERMIT_PEOPLE, PERMIT_CREATE},
    [ACTION_EDIT_ROLE] = {PERMIT_PEOPLE, PERMIT_EDIT},
    [ACTION_VIEW_GROUP] = {PERMIT_PEOPLE, PERMIT_VIEW},
    [ACTION_ADD_GROUP] = {PERMIT_PEOPLE, PERMIT_CREATE},
    [ACTION_EDIT_GROUP] = {PERMIT_PEOPLE, PERMIT_EDIT},
    [ACTION_DELETE_GROUP] = {PERMIT_PEOPLE, PERMIT_DELETE},
    [ACTION_VIEW_AUDIT] = {PERMIT_AUDIT, PERMIT_VIEW},
};

static bool holds_role(const struct actor *actor, struct id role_id)
{
    for (size_t i = 0; i < actor->access->role_count; i++)
        if (id_equal(actor->access->roles[i], role_id))
            return true;
    return false;
}

bool access_is_hidden(const struct actor *actor, struct id activity_object_id)
{
    for (size_t i = 0; i < actor->access->hidden_count; i++)
        if (id_equal(actor->access->hidden[i], activity_object_id))
            return true;
    return false;
}

struct id access_shared_for(const struct actor *actor)
{
    static const struct id nobody = {0};
    return actor->access->hidden_count ? actor->employee.id : nobody;
}

enum permission_level access_level(const struct actor *actor, enum action action)
{
    return grants_level(&actor->access->grants, needs[action].kind, needs[action].verb);
}

static bool is_mine(const struct actor *actor, const struct thing *thing)
{
    return (!id_is_nil(thing->employee_id) && id_equal(thing->employee_id, actor->employee.id)) ||
           (!id_is_nil(thing->role_id) && holds_role(actor, thing->role_id));
}

static enum err_code lacks(
    const struct actor *actor, enum action action, const struct thing *thing, struct error *err)
{
    const struct need *need = &needs[action];
    bool my = permission_has_my(need->kind, need->verb) && (!thing || is_mine(actor, thing));
    return error_set(err, ERR_DENIED, "You lack the permission '%s: %s (%s)'.",
        permission_kind_name(need->kind), permission_verb_name(need->verb), my ? "my" : "all");
}

static enum err_code unknown(enum action action, struct error *err)
{
    bool of_type = needs[action].kind == PERMIT_OBJECTS || action == ACTION_LOG_ACTIVITY ||
                   action == ACTION_SCHEDULE_ACTIVITY;
    const char *what = of_type                                  ? "Activity Object"
                       : needs[action].kind == PERMIT_SCHEDULED ? "Scheduled Activity"
                       : needs[action].kind == PERMIT_RECORDS   ? "record"
                       : needs[action].kind == PERMIT_WEBHOOKS  ? "delivery"
                                                                : "Logged Activity";
    return error_set(err, ERR_NOT_FOUND, "There is no such %s in this Business.", what);
}

/* What the grants say, whosever it is. */
static bool is_granted(const struct actor *actor, enum action action, const struct thing *thing)
{
    enum permission_level level = access_level(actor, action);
    return level == LEVEL_ALL || (level == LEVEL_MY && (!thing || is_mine(actor, thing)));
}

/* Those who are to do it may always see it and complete it, whatever else they may or is shared with them. */
static bool is_assigned(const struct actor *actor, enum action action, const struct thing *thing)
{
    return (action == ACTION_VIEW_SCHEDULED_ACTIVITY || action == ACTION_COMPLETE_ACTIVITY) &&
           (!thing || is_mine(actor, thing));
}

/* Settings stay visible to those who may change them: nobody else could undo a sharing. */
static bool is_taken_away(const struct actor *actor, enum action action, const struct thing *thing)
{
    if (!thing || id_is_nil(thing->activity_object_id) || !access_is_hidden(actor, thing->activity_object_id))
        return false;
    return needs[action].kind != PERMIT_OBJECTS || access_level(actor, ACTION_EDIT_OBJECT) == LEVEL_NONE;
}

/* Whoever can see it and may edit it could assign it to themselves, so may complete it as well. */
static bool could_take_it(const struct actor *actor, enum action action, const struct thing *thing)
{
    return action == ACTION_COMPLETE_ACTIVITY && is_granted(actor, ACTION_EDIT_SCHEDULED_ACTIVITY, thing) &&
           is_granted(actor, ACTION_VIEW_SCHEDULED_ACTIVITY, thing);
}

/* What cannot be seen cannot be changed or completed, either; what is still to come is not there to be seen. */
static enum action seeing(enum action action)
{
    static const enum action views[PERMISSION_KINDS] = {[PERMIT_ACTIVITIES] = ACTION_VIEW_ACTIVITY,
        [PERMIT_SCHEDULED] = ACTION_VIEW_SCHEDULED_ACTIVITY,
        [PERMIT_RECORDS] = ACTION_VIEW_RECORD,
        [PERMIT_OBJECTS] = ACTION_VIEW_OBJECT,
        [PERMIT_WEBHOOKS] = ACTION_VIEW_DELIVERY,
        [PERMIT_PEOPLE] = ACTION_VIEW_EMPLOYEE,
        [PERMIT_AUDIT] = ACTION_VIEW_AUDIT};
    bool to_come = needs[action].verb == PERMIT_CREATE || action == ACTION_LOG_ACTIVITY ||
                   action == ACTION_ASSIGN_SCHEDULED_ACTIVITY;
    return to_come ? action : views[needs[action].kind];
}

static enum err_code decide(
    const struct actor *actor, enum action action, const struct thing *thing, struct error *err)
{
    if (is_assigned(actor, action, thing))
        return ERR_OK;
    if (is_taken_away(actor, action, thing))
        return unknown(action, err);
    if (is_granted(actor, action, thing) || could_take_it(actor, action, thing))
        return ERR_OK;
    bool known = action != ACTION_VIEW_RECORD || !thing || access_level(actor, action) == LEVEL_NONE;
    return known ? lacks(actor, action, thing, err) : unknown(action, err);
}

enum err_code may(const struct actor *actor, enum action action, const struct thing *thing, struct error *err)
{
    enum action first = seeing(action);
    enum err_code code = first == action ? ERR_OK : decide(actor, first, thing, err);
    return code ? code : decide(actor, action, thing, err);
}

enum err_code write_may(
    const struct write *w, enum action action, const struct thing *thing, struct error *err)
{
    return w->actor ? may(w->actor, action, thing, err) : ERR_OK;
}

bool may_see(const struct actor *actor, enum action action, const struct thing *thing)
{
    struct error ignored;
    return may(actor, action, thing, &ignored) == ERR_OK;
}

enum err_code write_may_grant(
    const struct write *w, const struct grants *grants, bool owner, struct error *err)
{
    if (!w->actor || w->actor->access->owner)
        return ERR_OK;
    if (owner)
        return error_set(err, ERR_DENIED, "Only owners may say who is one.");
    for (int kind = 0; kind < PERMISSION_KINDS; kind++)
        for (int verb = 0; verb < PERMISSION_VERBS; verb++) {
            enum permission_level level =
                grants_level(grants, (enum permission_kind)kind, (enum permission_verb)verb);
            if (level & ~grants_level(&w->actor->access->grants, (enum permission_kind)kind,
                            (enum permission_verb)verb))
                return error_set(err, ERR_DENIED, "You cannot give '%s: %s (%s)', which you lack yourself.",
                    permission_kind_name((enum permission_kind)kind),
                    permission_verb_name((enum permission_verb)verb), permission_level_name(level));
        }
    return ERR_OK;
}
