/*
 * The timeline of a record: the activities that were logged about it and those that are scheduled and open, newest
 * first by their ids (M16). An activity about all records of an object is on the timeline of each of them. What was
 * deleted is not there, nor what was scheduled and is completed: its Logged Activity is.
 *
 * Reads only; any thread, with a connection of its own.
 */
#ifndef HERALD_CRM_TIMELINE_H
#define HERALD_CRM_TIMELINE_H

#include "crm/access.h"
#include "crm/page.h"

#define TIMELINE_NOTES_CHARS 1000 /* of an entry; the activity itself has all */

/* Whose timeline it is. */
struct timeline_of {
    struct id record_id, object_id;
    struct id owner_id; /* of the record; nil: nobody's */
};

enum timeline_kind { TIMELINE_KIND_LOGGED, TIMELINE_KIND_SCHEDULED };
const char *timeline_kind_name(enum timeline_kind kind);

struct timeline_entity {
    struct id id, object_id; /* the same: all records of the object */
    struct id owner_id; /* of the record */
    const char *display_name, *object_name;
};

struct timeline_entry {
    enum timeline_kind kind;
    struct id id; /* nil: there is none, or it was deleted */
    struct id activity_object_id;
    const char *object_name, *object_api_name, *object_color, *object_icon;
    const char *notes; /* the first TIMELINE_NOTES_CHARS */
    bool notes_cut; /* there are more */
    int64_t created_at; /* logged_at, or when it was scheduled */
    int64_t due_at; /* of a scheduled one; any moment, 0 too */
    int64_t completed_at; /* 0: it completes nothing, or is open */
    struct id
        counterpart_id; /* the Scheduled Activity that it completed, or the Logged Activity that completed it */
    struct person person; /* who logged it, or whose task it is; nil: nobody's */
    struct id role_id; /* whose task it is; nil: no role's */
    const char *role_name;
    struct timeline_entity *entities;
    size_t entity_count;
};

struct timeline_filter {
    bool logged, scheduled; /* kinds that are wanted */
    struct id activity_object_id; /* nil: any */
};

/* Whether the actor may see the timeline at all; whether an entry of it; whether a record that an entry is about. */
enum err_code timeline_may(
    const struct actor *actor, const struct timeline_of *of, struct error *err) MUST_CHECK;
bool timeline_shows(const struct actor *actor, const struct timeline_entry *entry);
/* The same of one that was such a thing, and is not there, or not so, any more. */
bool timeline_showed(const struct actor *actor, enum timeline_kind kind, const struct thing *was);
bool timeline_shows_entity(const struct actor *actor, const struct timeline_entity *entity);

/* The record of an object (by id or api_name) that the actor may view. ERR_NOT_FOUND. */
enum err_code timeline_find(struct db *db, const struct actor *actor, const char *object, struct id record_id,
    struct timeline_of *of, struct error *err) MUST_CHECK;

/* One page, in eight queries; a page of more than a hundred may take twelve. */
enum err_code timeline_page(struct db *db, struct arena *arena, const struct actor *actor,
    const struct timeline_of *of, const struct timeline_filter *filter, struct page *page,
    struct timeline_entry **entries, size_t *count, struct error *err) MUST_CHECK;

/*
 * Entries of one kind by their ids, in that order: two queries for a hundred. Scheduled ones also when they are
 * completed. Checks nobody's permission.
 */
enum err_code timeline_read(struct db *db, struct arena *arena, struct id business_id,
    enum timeline_kind kind, const struct id *ids, size_t count, struct timeline_entry *entries,
    struct error *err) MUST_CHECK;

#endif
