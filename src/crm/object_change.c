/* Making and changing Activity Objects: everything is checked before anything is written. */
#include "base/emit.h"
#include "crm/audit.h"
#include "crm/business.h"
#include "crm/check.h"
#include "crm/object.h"
#include "net/url.h"

#define ICON_MOST 40

/* ── what is asked for ───────────────────────────────────────────────────────────────────────── */

static const char *text_or_none(const char *text)
{
    return text && *text ? text : NULL;
}

static void apply_association(const struct object_input *input, struct activity_object *object)
{
    if (input->has.association_mode)
        object->association_mode = input->association_mode;
    if (object->association_mode == ASSOCIATE_NONE && !input->has.association_objects)
        object->association_object_count = 0;
    if (!input->has.association_objects)
        return;
    object->association_objects = input->association_objects;
    object->association_object_count = input->association_object_count;
}

/* Puts what `input` sets over `object`. */
static void apply(const struct object_input *input, struct activity_object *object, int64_t now)
{
    if (input->name)
        object->name = input->name;
    if (input->api_name)
        object->api_name = input->api_name;
    if (input->has.description)
        object->description = input->description ? input->description : "";
    if (input->has.color)
        object->color = text_or_none(input->color);
    if (input->has.icon)
        object->icon = text_or_none(input->icon);
    if (input->has.action)
        object->action = input->action;
    if (input->has.redirect_url)
        object->redirect_url = text_or_none(input->redirect_url);
    if (input->has.webhook_url)
        object->webhook_url = text_or_none(input->webhook_url);
    if (input->has.archived && input->archived != (object->archived_at != 0))
        object->archived_at = input->archived ? now : 0;
    apply_association(input, object);
}

/* ── whether it can be so ────────────────────────────────────────────────────────────────────── */

static bool is_color(const char *color)
{
    return color[0] == '#' && strlen(color) == 7 && strspn(color + 1, "0123456789abcdefABCDEF") == 6;
}

static bool is_icon(const char *icon)
{
    size_t len = strspn(icon, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return !icon[len] && len <= ICON_MOST;
}

static void check_texts(const struct activity_object *object, bool derived, const struct crm_limits *limits,
    struct error_list *list)
{
    if (check_name_member(object->name, limits->name_chars, list) || !derived)
        (void)check_api_name(object->api_name, derived, "/api_name", list);
    if (text_chars(object->description) > (size_t)limits->text_chars)
        error_list_add(list, "/description", "At most %lld characters.", (long long)limits->text_chars);
    if (object->color && !is_color(object->color))
        error_list_add(list, "/color", "A colour is written as #1f6feb.");
    if (object->icon && !is_icon(object->icon))
        error_list_add(
            list, "/icon", "An icon's name has up to %d letters a to z, digits and hyphens.", ICON_MOST);
}

static void check_action(struct arena *arena, const struct activity_object *object, struct error_list *list)
{
    struct error why;
    struct url url;
    if (object->redirect_url && url_parse(arena, object->redirect_url, &url, &why))
        error_list_add(list, "/redirect_url", "%s", why.text);
    if (object->webhook_url && url_check_without(arena, object->webhook_url, ACTIVITY_PARAMETER, &why))
        error_list_add(list, "/webhook_url", "%s", why.text);
    if (object->action == SUBMIT_TRIGGER_WEBHOOK && !object->webhook_url)
        error_list_add(list, "/webhook_url", "To trigger a webhook, a Webhook URL is needed.");
}

static bool is_named_before(const struct activity_object *object, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (id_equal(object->association_objects[j], object->association_objects[i]))
            return true;
    return false;
}

/* The record object is one of this Business's, and not archived. */
static enum err_code check_record_object(struct write *w, const struct activity_object *object, size_t i,
    struct error_list *list, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/association_objects/%zu", i);
    if (is_named_before(object, i)) {
        error_list_add(list, pointer, "This object is named twice.");
        return ERR_OK;
    }
    enum err_code code =
        db_query(w->db, "SELECT archived_at FROM record_object WHERE id = $1 AND business_id = $2",
            DB_PARAMS(db_id(object->association_objects[i]), db_id(w->business_id)), &rows, err);
    if (code)
        return code;
    if (!db_next(rows, &code, err))
        error_list_add(list, pointer, "There is no such record object in this Business.");
    else if (db_col_int(rows, 0))
        error_list_add(list, pointer, "That record object is archived.");
    return code;
}

/* A field that is bound to one of a record's needs a record to write into. */
static enum err_code check_bound_fields(
    struct write *w, const struct activity_object *object, struct error_list *list, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db,
        "SELECT display_name, bound_object_id FROM field WHERE owner_id = $1 AND business_id = $2 AND "
        "bound_object_id IS NOT NULL AND archived_at IS NULL",
        DB_PARAMS(db_id(object->id), db_id(object->business_id)), &rows, err);
    while (!code && db_next(rows, &code, err))
        if (object->association_mode != ASSOCIATE_ONE_OR_MORE || !object_takes(object, db_col_id(rows, 1)))
            error_list_add(list, "/association_objects",
                "The field '%.80s' writes into a record of an object that is not among these.",
                db_col_text(rows, 0));
    return code;
}

static enum err_code check_association(
    struct write *w, const struct activity_object *object, struct error_list *list, struct error *err)
{
    size_t count = object->association_object_count;
    if (object->association_mode == ASSOCIATE_NONE && count > 0)
        error_list_add(list, "/association_objects", "With the association mode none there are no objects.");
    if (object->association_mode == ASSOCIATE_ALL && count != 1)
        error_list_add(list, "/association_objects",
            "With the association mode all it must be the one object whose records are meant.");
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < count && !code; i++)
        code = check_record_object(w, object, i, list, err);
    return code || object->field_count == 0 ? code : check_bound_fields(w, object, list, err);
}

/* The association only where it is set: what it named may have been archived since. The code is of the database only. */
static enum err_code check_object(struct write *w, const struct object_input *input,
    const struct activity_object *object, struct error_list *list, struct error *err)
{
    check_texts(object, !input->api_name, crm_limits(w->crm), list);
    check_action(w->arena, object, list);
    return input->has.association_mode || input->has.association_objects
               ? check_association(w, object, list, err)
               : ERR_OK;
}

static enum err_code check_untaken(
    struct write *w, const struct activity_object *object, struct error_list *list, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(w->db, "SELECT 1 FROM activity_object WHERE business_id = $1 AND api_name = $2",
            DB_PARAMS(db_id(w->business_id), db_text(object->api_name)), &rows, err);
    if (!code && db_next(rows, &code, err))
        error_list_conflict(
            list, "/api_name", "The api_name '%.80s' is taken in this Business.", object->api_name);
    return code;
}

/* Whether an activity of this type was ever logged or scheduled: the first row of an index tells. */
static enum err_code check_unused(
    struct write *w, const struct activity_object *object, struct error_list *list, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(w->db,
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM logged_activity WHERE activity_object_id = $1 AND business_id "
        "= $2) "
        "OR EXISTS (SELECT 1 FROM scheduled_activity WHERE activity_object_id = $1 AND business_id = $2 "
        "AND completed_at IS NULL) "
        "OR EXISTS (SELECT 1 FROM scheduled_activity WHERE activity_object_id = $1 AND business_id = $2 "
        "AND completed_at IS NOT NULL)",
        DB_PARAMS(db_id(object->id), db_id(object->business_id)), &rows, err);
    if (!code && db_next(rows, &code, err))
        error_list_conflict(list, "/api_name",
            "The api_name stays as it is: an activity has been logged or scheduled with it.");
    return code;
}

/* ── the audit log ───────────────────────────────────────────────────────────────────────────── */

/* `before` of a new object is one without anything. */
static enum err_code audit_object(struct write *w, const char *action, const struct activity_object *before,
    const struct activity_object *after, struct error *err)
{
    bool is_new = id_is_nil(before->id);
    struct audit audit = AUDIT(w, action, after->id, after->name);
    audit_text(&audit, "name", before->name, after->name);
    audit_text(&audit, "api_name", before->api_name, after->api_name);
    audit_text(&audit, "description", text_or_none(before->description), text_or_none(after->description));
    audit_text(&audit, "color", before->color, after->color);
    audit_text(&audit, "icon", before->icon, after->icon);
    audit_text(&audit, "association_mode", is_new ? NULL : association_mode_name(before->association_mode),
        association_mode_name(after->association_mode));
    audit_ids(&audit, "association_objects", before->association_objects, before->association_object_count,
        after->association_objects, after->association_object_count);
    audit_text(&audit, "default_submission_action", is_new ? NULL : submission_action_name(before->action),
        submission_action_name(after->action));
    audit_url(&audit, "redirect_url", before->redirect_url, after->redirect_url);
    audit_url(&audit, "webhook_url", before->webhook_url, after->webhook_url);
    audit_bool(&audit, "archived", before->archived_at != 0, after->archived_at != 0);
    return audit_add(&audit, err);
}

/* ── making ──────────────────────────────────────────────────────────────────────────────────── */

static const char *ids_as_json(struct write *w, const struct activity_object *object)
{
    if (object->association_object_count == 0)
        return "[]";
    struct buf text = BUF_INIT(2 + object->association_object_count * (ID_TEXT_LEN + 4));
    struct json json = JSON_INTO(&text);
    emit_array(&json, NULL);
    for (size_t i = 0; i < object->association_object_count; i++)
        emit_id(&json, NULL, object->association_objects[i]);
    emit_array_end(&json);
    const char *copy = arena_strdup(w->arena, buf_text(&text));
    buf_free(&text);
    return copy;
}

static enum err_code insert(
    struct write *w, const struct activity_object *o, struct error_list *list, struct error *err)
{
    enum err_code code = db_exec(w->db,
        "INSERT INTO activity_object (id, business_id, name, api_name, description, color, icon, "
        "association_mode, association_objects, submission_action, redirect_url, webhook_url, version, "
        "created_at, had_webhook) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        DB_PARAMS(db_id(o->id), db_id(o->business_id), db_text(o->name), db_text(o->api_name),
            db_text(o->description), db_text(o->color), db_text(o->icon), db_int(o->association_mode),
            db_text(ids_as_json(w, o)), db_int(o->action), db_text(o->redirect_url), db_text(o->webhook_url),
            db_int(o->version), db_int(o->created_at), db_int(object_has_webhook(o))),
        NULL, err);
    if (code == ERR_CONFLICT) /* another node was quicker */
        error_list_conflict(list, "/api_name", "This api_name is taken in this Business.");
    return code;
}

enum err_code object_add(struct write *w, const struct object_input *input, struct activity_object *object,
    struct error_list *list, struct error *err)
{
    *object = (struct activity_object){.id = id_new(),
        .business_id = w->business_id,
        .name = "",
        .description = "",
        .association_mode = ASSOCIATE_ONE_OR_MORE,
        .action = SUBMIT_REDIRECT,
        .version = 1,
        .created_at = w->now};
    apply(input, object, w->now);
    if (!input->has.action && object->webhook_url)
        object->action = SUBMIT_TRIGGER_WEBHOOK; /* what else would it be given for? */
    if (!object->api_name)
        object->api_name = text_api_name(w->arena, object->name);
    enum err_code code = write_may(w, ACTION_ADD_OBJECT, NULL, err);
    if (!code)
        code = check_business(w->db, w->business_id, err);
    if (!code)
        code = check_object(w, input, object, list, err);
    if (!code)
        code = check_untaken(w, object, list, err);
    if (!code)
        code = error_list_refuse(list, err);
    if (!code)
        code = insert(w, object, list, err);
    return code ? code
                : audit_object(
                      w, "activity_object.created", &(struct activity_object){.name = NULL}, object, err);
}

/* ── changing ────────────────────────────────────────────────────────────────────────────────── */

/*
 * Takes the Business's lock first: from then on nobody logs under the old settings, so that an object that is found
 * unused stays so until the commit.
 */
static enum err_code check_renaming(
    struct write *w, const struct activity_object *object, struct error_list *list, struct error *err)
{
    struct id business_id = w->business_id;
    enum err_code code = business_lock(w->db, &business_id, 1, err);
    if (!code)
        code = check_untaken(w, object, list, err);
    return code ? code : check_unused(w, object, list, err);
}

static enum err_code update(struct write *w, struct activity_object *o, struct error *err)
{
    o->version++;
    return db_exec(w->db,
        "UPDATE activity_object SET name = $1, api_name = $2, description = $3, color = $4, icon = $5, "
        "association_mode = $6, association_objects = $7, submission_action = $8, redirect_url = $9, "
        "webhook_url = $10, archived_at = $11, version = $12, "
        "had_webhook = CASE WHEN $15 = 1 THEN 1 ELSE had_webhook END WHERE id = $13 AND business_id = $14",
        DB_PARAMS(db_text(o->name), db_text(o->api_name), db_text(o->description), db_text(o->color),
            db_text(o->icon), db_int(o->association_mode), db_text(ids_as_json(w, o)), db_int(o->action),
            db_text(o->redirect_url), db_text(o->webhook_url),
            o->archived_at ? db_int(o->archived_at) : db_null(DB_INT), db_int(o->version), db_id(o->id),
            db_id(o->business_id), db_int(object_has_webhook(o))),
        NULL, err);
}

static bool is_same(const struct activity_object *a, const struct activity_object *b)
{
    if (a->association_object_count != b->association_object_count)
        return false;
    for (size_t i = 0; i < a->association_object_count; i++)
        if (!id_equal(a->association_objects[i], b->association_objects[i]))
            return false;
    return text_same(a->name, b->name) && text_same(a->api_name, b->api_name) &&
           text_same(a->description, b->description) && text_same(a->color, b->color) &&
           text_same(a->icon, b->icon) && a->association_mode == b->association_mode &&
           a->action == b->action && text_same(a->redirect_url, b->redirect_url) &&
           text_same(a->webhook_url, b->webhook_url) && a->archived_at == b->archived_at;
}

enum err_code object_change(struct write *w, struct id id, int64_t version, const struct object_input *input,
    struct activity_object *object, struct error_list *list, struct error *err)
{
    enum err_code code = write_may(w, ACTION_EDIT_OBJECT, NULL, err);
    if (!code && input->has.archived && input->archived)
        code = write_may(w, ACTION_DELETE_OBJECT, NULL, err);
    if (!code)
        code = object_hold(w, id, version, object, err);
    if (code)
        return code;
    const struct activity_object before = *object;
    apply(input, object, w->now);
    if (before.archived_at && object->archived_at)
        return error_set(err, ERR_CONFLICT, "This Activity Object is archived; it can only be restored.");
    bool renamed = strcmp(before.api_name, object->api_name) != 0;
    code = check_object(w, input, object, list, err);
    if (!code && renamed)
        code = check_renaming(w, object, list, err);
    if (!code)
        code = error_list_refuse(list, err);
    if (code || is_same(&before, object))
        return code;
    code = business_touch(w->db, w->business_id, err);
    if (!code)
        code = update(w, object, err);
    return code ? code : audit_object(w, "activity_object.changed", &before, object, err);
}
