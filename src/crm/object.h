/*
 * Activity Objects: the types of activity and their settings (M1, M2). Owns the table activity_object.
 * Reads: any thread, with a connection of its own. Changes go through the writer and wait for the commit.
 */
#ifndef HERALD_CRM_OBJECT_H
#define HERALD_CRM_OBJECT_H

#include "crm/access.h"
#include "crm/page.h"

enum association_mode { ASSOCIATE_NONE = 0, ASSOCIATE_ONE_OR_MORE = 1 };
enum submission_action { SUBMIT_REDIRECT = 0, SUBMIT_TRIGGER_WEBHOOK = 1 };

/* The parameter that a webhook request adds (M5); a Webhook URL may not have it already. */
#define ACTIVITY_PARAMETER "logged_activity_id"

struct activity_object {
    struct id id, business_id;
    const char *name, *api_name;
    enum association_mode association_mode;
    enum submission_action action;
    const char *redirect_url, *webhook_url; /* NULL: none */
    int64_t version; /* the ETag: grows with each change */
    int64_t created_at;
};

const char *association_mode_name(enum association_mode mode);
const char *submission_action_name(enum submission_action action);
bool association_mode_parse(const char *name, enum association_mode *mode) MUST_CHECK;
bool submission_action_parse(const char *name, enum submission_action *action) MUST_CHECK;

static inline bool object_has_webhook(const struct activity_object *object)
{
    return object->action == SUBMIT_TRIGGER_WEBHOOK && object->webhook_url;
}

/* ERR_NOT_FOUND. By id, or by api_name if `api_name` is given. */
enum err_code object_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    const char *api_name, struct activity_object *object, struct error *err) MUST_CHECK;

/* A page by (name, id). */
enum err_code object_list(struct db *db, struct arena *arena, const struct actor *actor, struct page *page,
    struct activity_object **objects, size_t *count, struct error *err) MUST_CHECK;

/* What may be set; NULL or `false` members of `has` are left as they are (or as a new object has them). */
struct object_input {
    const char *name;
    const char *api_name; /* creation only */
    struct {
        bool association_mode, action, redirect_url, webhook_url;
    } has;
    enum association_mode association_mode; /* creation only */
    enum submission_action action;
    const char *redirect_url, *webhook_url; /* NULL or "": none */
};

/*
 * Each refused member is in `list`, by JSON pointer, and the code is ERR_INVALID. ERR_CONFLICT: the api_name is
 * taken. The result is in the arena.
 */
enum err_code object_add(struct crm *crm, struct arena *arena, struct id business_id,
    const struct object_input *input, struct activity_object *object, struct error_list *list,
    struct error *err) MUST_CHECK;

/* ERR_STALE unless `version` is the current one; affects only what is logged after it is committed. */
enum err_code object_change(struct crm *crm, struct arena *arena, const struct actor *actor, struct id id,
    int64_t version, const struct object_input *input, struct activity_object *object,
    struct error_list *list, struct error *err) MUST_CHECK;

#endif
