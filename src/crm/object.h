/*
 * Activity Objects: the types of activity and their settings (M1, M2). Owns the table activity_object.
 *
 * An object, its fields and its rules have one version, the ETag. Whatever changes one of them raises it, and the
 * Business's settings_version with it, so that what was prepared under the old settings is prepared again. An
 * archived object takes part in nothing new, but what was logged with it stays, and its deliveries are still sent.
 *
 * Reads: any thread, with a connection of its own. Changes: inside the writer's transaction, on its thread.
 */
#ifndef HERALD_CRM_OBJECT_H
#define HERALD_CRM_OBJECT_H

#include "crm/access.h"
#include "crm/page.h"

/* What an activity is about: nothing; records of chosen objects; every record of one object. */
enum association_mode { ASSOCIATE_NONE = 0, ASSOCIATE_ONE_OR_MORE = 1, ASSOCIATE_ALL = 2 };
enum submission_action { SUBMIT_REDIRECT = 0, SUBMIT_TRIGGER_WEBHOOK = 1 };

/* The parameter that a webhook request adds (M5); a Webhook URL may not have it already. */
#define ACTIVITY_PARAMETER "logged_activity_id"

struct activity_object {
    struct id id, business_id;
    const char *name, *api_name, *description;
    const char *color, *icon; /* "#1f6feb", "phone-call"; NULL: none */
    enum association_mode association_mode;
    const struct id *association_objects; /* record objects; with one_or_more, none of them means any */
    size_t association_object_count;
    enum submission_action action;
    const char *redirect_url, *webhook_url; /* NULL: none */
    int64_t field_count, rule_count; /* not archived; 0: there is none to read */
    int64_t version; /* the ETag */
    int64_t created_at, archived_at; /* archived_at 0: it is not */
};

const char *association_mode_name(enum association_mode mode);
const char *submission_action_name(enum submission_action action);
bool association_mode_parse(const char *name, enum association_mode *mode) MUST_CHECK;
bool submission_action_parse(const char *name, enum submission_action *action) MUST_CHECK;

static inline bool object_has_webhook(const struct activity_object *object)
{
    return object->action == SUBMIT_TRIGGER_WEBHOOK && object->webhook_url;
}

/* Whether activities of this type may be about records of that record object. */
bool object_takes(const struct activity_object *object, struct id record_object_id);

/* ERR_NOT_FOUND. By id, or by api_name if `api_name` is given. Archived ones, too. */
enum err_code object_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    const char *api_name, struct activity_object *object, struct error *err) MUST_CHECK;

/* The same, whoever asks. */
enum err_code object_find(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    const char *api_name, struct activity_object *object, struct error *err) MUST_CHECK;

/* The same for whoever logs or schedules, which they may or may not: an archived one is ERR_NOT_FOUND, too, and the sentence says so. */
enum err_code object_read_open(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    const char *api_name, struct activity_object *object, struct error *err) MUST_CHECK;

enum archived_filter { ARCHIVED_LEFT_OUT, ARCHIVED_ONLY, ARCHIVED_TOO };

/* A page by name. *count at most page->limit. */
enum err_code object_list(struct db *db, struct arena *arena, const struct actor *actor,
    enum archived_filter archived, struct page *page, struct activity_object **objects, size_t *count,
    struct error *err) MUST_CHECK;

/* The same, for whoever knows of them because they are shared with them. */
enum err_code object_list_shared(struct db *db, struct arena *arena, const struct actor *actor,
    enum archived_filter archived, struct page *page, struct activity_object **objects, size_t *count,
    struct error *err) MUST_CHECK;

/* What may be set; what `has` does not name is left as it is (or as a new object has it). */
struct object_input {
    struct {
        bool description, color, icon, association_mode, association_objects, action, redirect_url,
            webhook_url, archived;
    } has;
    const char *name, *api_name; /* NULL: not given. A new object's api_name is derived from its name */
    const char *description, *color, *icon; /* NULL or "": none */
    enum association_mode association_mode;
    const struct id *association_objects;
    size_t association_object_count;
    enum submission_action action;
    const char *redirect_url, *webhook_url; /* NULL or "": none */
    bool archived;
};

/* ERR_INVALID, with each refused member in `list`; ERR_CONFLICT: the api_name is taken. */
enum err_code object_add(struct write *w, const struct object_input *input, struct activity_object *object,
    struct error_list *list, struct error *err) MUST_CHECK;

/*
 * What changes nothing leaves the version as it is, too. ERR_STALE unless `version` is the current one. ERR_CONFLICT: an archived object is only restored; an api_name
 * stays once an activity has been logged or scheduled with it. Affects what is logged after the commit.
 */
enum err_code object_change(struct write *w, struct id id, int64_t version, const struct object_input *input,
    struct activity_object *object, struct error_list *list, struct error *err) MUST_CHECK;

/*
 * For what hangs on an Activity Object and shares its version: its fields and its rules. In a cold write, in this
 * order: object_hold, checks of your own, object_touch, writes of your own.
 *
 * object_hold reads the object and holds its row until the commit, so that nobody comes between. ERR_NOT_FOUND,
 * ERR_DENIED; ERR_STALE unless `version` (of If-Match) is the current one. Writes nothing.
 */
enum err_code object_hold(struct write *w, struct id id, int64_t version, struct activity_object *object,
    struct error *err) MUST_CHECK;

/*
 * ERR_CONFLICT, before anything is written, if it is archived. Raises the version (object->version is the new ETag) and the Business's settings_version, and changes the
 * counts of fields and of rules that are not archived.
 */
enum err_code object_touch(struct write *w, struct activity_object *object, int64_t fields_more,
    int64_t rules_more, struct error *err) MUST_CHECK;

#endif
