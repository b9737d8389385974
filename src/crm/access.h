/*
 * Who may do what: the one function that every handler, list and read passes (I8). Pure over facts that were
 * loaded with the actor; the reason comes with the answer.
 *
 * At this stage every active employee may do everything within the own Business; permission groups, sharing and
 * assignment (M13) come into this function and nowhere else.
 */
#ifndef HERALD_CRM_ACCESS_H
#define HERALD_CRM_ACCESS_H

#include "crm/actor.h"

enum action {
    ACTION_LOG_ACTIVITY,
    ACTION_COMPLETE_ACTIVITY,
    ACTION_DELETE_ACTIVITY,
    ACTION_SCHEDULE_ACTIVITY,
    ACTION_EDIT_SCHEDULED_ACTIVITY,
    ACTION_DELETE_SCHEDULED_ACTIVITY,
    ACTION_VIEW_EMPLOYEE,
    ACTION_VIEW_ROLE,
    ACTION_EDIT_ROLE,
    ACTION_VIEW_ACTIVITY,
    ACTION_VIEW_OBJECT,
    ACTION_EDIT_OBJECT,
    ACTION_VIEW_RECORD,
    ACTION_EDIT_RECORD,
    ACTION_VIEW_DELIVERY,
    ACTION_VIEW_NOTIFICATION,
};

/* `business_id` is the Business of the thing. ERR_NOT_FOUND when the actor may not even know of it. */
enum err_code may(
    const struct actor *actor, enum action action, struct id business_id, struct error *err) MUST_CHECK;

/* The same for a cold write, in its own Business; an operator may do all. */
enum err_code write_may(const struct write *w, enum action action, struct error *err) MUST_CHECK;

#endif
