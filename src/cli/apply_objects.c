/* Record objects and Activity Objects with their sharing, as a file says. */
#include "cli/apply_internal.h"
#include "crm/access.h"
#include "crm/employee_list.h"
#include "crm/sharing.h"

/* What is archived stays as it is, whatever else the file says of it, until it says otherwise. */
static bool stays_archived(struct at at, int64_t archived_at)
{
    bool restored = apply_has(at, "archived") && strcmp(yaml_get(at.node, "archived")->text, "false") == 0;
    return archived_at && !restored;
}

/* ── record objects ──────────────────────────────────────────────────────────────────────────── */

static enum err_code find_record_object(
    struct tenant *t, const char *api_name, struct record_object *object, struct error *err)
{
    return record_object_find(&t->write, api_name, object, err);
}

/* All but the archiving, which comes last. */
static enum err_code write_record_object(
    struct tenant *t, struct at at, struct record_object *object, struct error *err)
{
    struct apply *apply = t->apply;
    const char *api_name = apply_text(apply, at, "api_name"),
               *description = apply_text(apply, at, "description");
    struct record_object_input input = {.name = apply_text(apply, at, "name"),
        .description = apply_has(at, "description") ? (description ? description : "") : NULL};
    struct error why = {0};
    enum err_code code = find_record_object(t, api_name, object, &why);
    if (code == ERR_NOT_FOUND) {
        input.api_name = api_name;
        code = record_object_add(&t->write, &input, object, &apply->list, &why);
    } else if (!code && !stays_archived(at, object->archived_at)) {
        input.has_archived = object->archived_at != 0;
        code = record_object_change(&t->write, api_name, object->version, &input, object, &apply->list, &why);
    }
    return apply_settle(apply, at, code, &why, err);
}

static struct field_holder holder_of(const struct record_object *object)
{
    return (struct field_holder){
        .kind = object->kind == RECORD_CONTACT ? FIELDS_OF_CONTACTS : FIELDS_OF_CUSTOM_OBJECT,
        .id = object->id,
        .key = object->api_name,
        .version = object->version};
}

static enum err_code apply_record_object(struct tenant *t, struct at at, struct error *err)
{
    struct record_object object;
    enum err_code code = write_record_object(t, at, &object, err);
    if (code || object.archived_at)
        return code;
    struct field_holder holder = holder_of(&object);
    return apply_fields(t, at, &holder, FIELDS_WRITE, err);
}

static enum err_code archive_record_object(struct tenant *t, struct at at, struct error *err)
{
    struct apply *apply = t->apply;
    const char *api_name = apply_text(apply, at, "api_name");
    struct record_object object;
    struct error why = {0};
    enum err_code code = find_record_object(t, api_name, &object, &why);
    if (code || object.archived_at)
        return code == ERR_NOT_FOUND || !code ? ERR_OK : error_set(err, code, "%s", why.text);
    struct field_holder holder = holder_of(&object);
    code = apply_fields(t, at, &holder, FIELDS_GO, err);
    if (code || !apply_bool(at, "archived"))
        return code;
    struct record_object_input input = {.has_archived = true, .archived = true};
    code = record_object_change(&t->write, api_name, holder.version, &input, &object, &apply->list, &why);
    return apply_settle(apply, apply_member(apply, at, "archived"), code, &why, err);
}

enum err_code apply_record_objects(struct tenant *t, struct error *err)
{
    return apply_each(t, "record_objects", apply_record_object, err);
}

enum err_code apply_record_archive(struct tenant *t, struct error *err)
{
    return apply_each(t, "record_objects", archive_record_object, err);
}

/* ── Activity Objects ────────────────────────────────────────────────────────────────────────── */

static enum err_code read_association_objects(
    struct tenant *t, struct at list, struct object_input *input, struct error *err)
{
    struct apply *apply = t->apply;
    struct id *ids = ARENA_ARRAY(apply->arena, struct id, apply_count(list));
    size_t n = 0;
    for (size_t i = 0; i < apply_count(list); i++) {
        struct at at = apply_item(apply, list, i);
        const char *api_name = apply_word(apply, at);
        struct record_object object;
        struct error why = {0};
        enum err_code code = find_record_object(t, api_name, &object, &why);
        if (code && code != ERR_NOT_FOUND)
            return error_set(err, code, "%s", why.text);
        if (!code)
            ids[n++] = object.id;
        else if (!apply_declares(t, "record_objects", "api_name", api_name))
            apply_complain(apply, at,
                "There is no record object '%.80s', neither in this Business nor in the file.", api_name);
    }
    input->has.association_objects = list.node != NULL;
    input->association_objects = ids;
    input->association_object_count = n;
    return n < apply_count(list) ? ERR_INVALID : ERR_OK;
}

static enum err_code read_choices(struct apply *apply, struct at at, struct object_input *input)
{
    size_t problems = apply->problem_count;
    const char *mode = apply_text(apply, at, "association_mode");
    const char *action = apply_text(apply, at, "default_submission_action");
    input->has.association_mode = mode != NULL;
    input->has.action = action != NULL;
    if (mode && !association_mode_parse(mode, &input->association_mode))
        apply_complain(apply, apply_member(apply, at, "association_mode"),
            "This must be 'none', 'one_or_more' or 'all'.");
    if (action && !submission_action_parse(action, &input->action))
        apply_complain(apply, apply_member(apply, at, "default_submission_action"),
            "This must be 'redirect' or 'trigger_webhook'.");
    return apply->problem_count > problems ? ERR_INVALID : ERR_OK;
}

/* All but api_name and archiving. */
static enum err_code read_object(
    struct tenant *t, struct at at, struct object_input *input, struct error *err)
{
    struct apply *apply = t->apply;
    *input = (struct object_input){.has = {.description = apply_has(at, "description"),
                                       .color = apply_has(at, "color"),
                                       .icon = apply_has(at, "icon"),
                                       .redirect_url = apply_has(at, "redirect_url"),
                                       .webhook_url = apply_has(at, "webhook_url")},
        .name = apply_text(apply, at, "name"),
        .description = apply_text(apply, at, "description"),
        .color = apply_text(apply, at, "color"),
        .icon = apply_text(apply, at, "icon"),
        .redirect_url = apply_text(apply, at, "redirect_url"),
        .webhook_url = apply_text(apply, at, "webhook_url")};
    enum err_code code = read_choices(apply, at, input);
    enum err_code more =
        read_association_objects(t, apply_member(apply, at, "association_objects"), input, err);
    return apply_ends(more) || !code ? more : code;
}

static enum err_code find_object(
    struct tenant *t, struct at at, struct activity_object *object, struct error *err)
{
    const char *api_name = apply_text(t->apply, at, "api_name");
    return object_find(t->write.db, t->write.arena, &t->show.reader, (struct id){0}, api_name, object, err);
}

/* What is so already is not asked for: a record object that it names may have been archived since. */
static void leave_same_association(const struct activity_object *object, struct object_input *input)
{
    if (input->has.association_mode && input->association_mode == object->association_mode)
        input->has.association_mode = false;
    if (!input->has.association_objects ||
        input->association_object_count != object->association_object_count)
        return;
    for (size_t i = 0; i < object->association_object_count; i++)
        if (!id_equal(input->association_objects[i], object->association_objects[i]))
            return;
    input->has.association_objects = false;
}

/* What a field needs of its object may go with it. */
static enum err_code drop_fields(
    struct tenant *t, struct at at, struct activity_object *object, struct error *err)
{
    struct field_holder holder = {
        .kind = FIELDS_OF_ACTIVITY_OBJECT, .id = object->id, .version = object->version};
    enum err_code code = object->archived_at ? ERR_OK : apply_fields(t, at, &holder, FIELDS_GO_EARLY, err);
    object->version = holder.version;
    return code;
}

static enum err_code write_object(
    struct tenant *t, struct at at, struct activity_object *object, struct error *err)
{
    struct apply *apply = t->apply;
    struct object_input input;
    struct error why = {0};
    enum err_code code = find_object(t, at, object, &why);
    if (apply_ends(code) && code != ERR_NOT_FOUND)
        return error_set(err, code, "%s", why.text);
    bool is_new = code == ERR_NOT_FOUND;
    if (!is_new && stays_archived(at, object->archived_at))
        return ERR_OK;
    code = is_new ? ERR_OK : drop_fields(t, at, object, err);
    if (!code)
        code = read_object(t, at, &input, err);
    if (code)
        return code;
    if (is_new) {
        input.api_name = apply_text(apply, at, "api_name");
        code = object_add(&t->write, &input, object, &apply->list, &why);
    } else {
        input.has.archived = object->archived_at != 0;
        leave_same_association(object, &input);
        code = object_change(&t->write, object->id, object->version, &input, object, &apply->list, &why);
    }
    return apply_settle(apply, at, code, &why, err);
}

static enum err_code archive_object(
    struct tenant *t, struct at at, const struct activity_object *object, int64_t version, struct error *err)
{
    struct object_input input = {.has.archived = true, .archived = true};
    struct activity_object archived;
    struct error why = {0};
    enum err_code code =
        object_change(&t->write, object->id, version, &input, &archived, &t->apply->list, &why);
    return apply_settle(t->apply, apply_member(t->apply, at, "archived"), code, &why, err);
}

/* ── sharing ─────────────────────────────────────────────────────────────────────────────────── */

static enum err_code role_id_of(struct tenant *t, const char *name, struct id *id, struct error *err)
{
    struct role role = {0};
    enum err_code code = role_by_name(t->write.db, t->write.arena, t->write.business_id, name, &role, err);
    *id = role.id;
    return code;
}

static enum err_code employee_id_of(struct tenant *t, const char *email, struct id *id, struct error *err)
{
    struct person person = {0};
    bool active;
    enum err_code code =
        employee_by_email(t->write.db, t->write.arena, t->write.business_id, email, &person, &active, err);
    *id = person.id;
    return code;
}

static enum err_code read_shared(struct tenant *t, struct at list, const char *kind, const char *key_name,
    enum err_code (*find)(struct tenant *t, const char *key, struct id *id, struct error *err),
    struct id **ids, size_t *count, struct error *err)
{
    struct apply *apply = t->apply;
    *ids = ARENA_ARRAY(apply->arena, struct id, apply_count(list));
    *count = 0;
    for (size_t i = 0; i < apply_count(list); i++) {
        struct at at = apply_item(apply, list, i);
        const char *key = apply_word(apply, at);
        struct error why = {0};
        enum err_code code = find(t, key, &(*ids)[*count], &why);
        if (code && code != ERR_NOT_FOUND)
            return error_set(err, code, "%s", why.text);
        *count += !code;
        if (code && !apply_declares(t, kind, key_name, key))
            apply_complain(apply, at, "'%.80s' is not there, neither in this Business nor in the file.", key);
    }
    return *count < apply_count(list) ? ERR_INVALID : ERR_OK;
}

static bool same_ids(const struct id *a, size_t a_count, const struct id *b, size_t b_count)
{
    size_t found = 0;
    for (size_t i = 0; i < a_count; i++)
        for (size_t j = 0; j < b_count; j++)
            if (id_equal(a[i], b[j])) {
                found++;
                break;
            }
    return found == a_count && a_count == b_count;
}

static bool same_sharing(const struct sharing *a, const struct sharing *b)
{
    return a->everyone == b->everyone && same_ids(a->roles, a->role_count, b->roles, b->role_count) &&
           same_ids(a->employees, a->employee_count, b->employees, b->employee_count);
}

/* Who is named alone is named for everyone: false, too. */
static enum err_code apply_sharing(
    struct tenant *t, struct at at, const struct activity_object *object, int64_t *version, struct error *err)
{
    struct apply *apply = t->apply;
    struct sharing sharing = {.everyone = apply_bool(at, "everyone")}, before;
    struct error why = {0};
    enum err_code code = read_shared(t, apply_member(apply, at, "roles"), "roles", "name", role_id_of,
        &sharing.roles, &sharing.role_count, err);
    enum err_code more = read_shared(t, apply_member(apply, at, "employees"), "employees", "email",
        employee_id_of, &sharing.employees, &sharing.employee_count, err);
    if (code || more)
        return apply_ends(more) || !code ? more : code;
    code = sharing_read(t->write.db, t->write.arena, t->write.business_id, object->id, &before, err);
    if (code || same_sharing(&sharing, &before))
        return code;
    code = sharing_set(&t->write, object->id, *version, &sharing, version, &apply->list, &why);
    return apply_settle(apply, at, code, &why, err);
}

/* ── one after the other ─────────────────────────────────────────────────────────────────────── */

/*
 * Rules between the fields: they may need what is new, and must not need any more what is archived. A part that is
 * refused keeps those back that would build on it.
 */
static enum err_code apply_activity_object(struct tenant *t, struct at at, struct error *err)
{
    struct activity_object object;
    enum err_code code = write_object(t, at, &object, err);
    if (code || object.archived_at)
        return code;
    struct field_holder holder = {
        .kind = FIELDS_OF_ACTIVITY_OBJECT, .id = object.id, .version = object.version};
    code = apply_fields(t, at, &holder, FIELDS_WRITE, err);
    if (!code && apply_has(at, "rules"))
        code = apply_rules(t, at, object.id, &holder.version, err);
    if (!code)
        code = apply_fields(t, at, &holder, FIELDS_GO, err);
    enum err_code sharing = ERR_OK;
    if (!apply_ends(code) && apply_has(at, "sharing"))
        sharing = apply_sharing(t, apply_member(t->apply, at, "sharing"), &object, &holder.version, err);
    code = code ? code : sharing;
    return code || !apply_bool(at, "archived") ? code : archive_object(t, at, &object, holder.version, err);
}

enum err_code apply_activity_objects(struct tenant *t, struct error *err)
{
    return apply_each(t, "activity_objects", apply_activity_object, err);
}
