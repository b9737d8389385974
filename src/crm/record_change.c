/* The half of record.h that people ask for: what they give, checked and put over a record. */
#include "crm/record_row.h"

#include "base/alloc.h"
#include "crm/check.h"

#include <unicase.h>
#include <uninorm.h>

/* As emails are stored and compared: "" and NULL are none. In the arena. */
static const char *email_form(struct arena *arena, const char *email)
{
    if (!email || !*email)
        return NULL;
    size_t len = 0;
    uint8_t *lower = u8_tolower((const uint8_t *)email, strlen(email), NULL, UNINORM_NFC, NULL, &len);
    if (!lower)
        return email;
    const char *copy = arena_strndup(arena, (const char *)lower, len);
    mem_free(lower);
    return copy;
}

/* ── what is given ───────────────────────────────────────────────────────────────────────────── */

/* A member that stands for a field with a column. */
struct member {
    const char *name;
    enum record_kind kind;
    const char *text; /* NULL: not given */
};
#define MEMBERS 4

static void list_members(const struct record_input *input, struct member members[MEMBERS])
{
    members[0] = (struct member){"first_name", RECORD_CONTACT, input->first_name};
    members[1] = (struct member){"last_name", RECORD_CONTACT, input->last_name};
    members[2] = (struct member){"email", RECORD_CONTACT, input->email};
    members[3] = (struct member){"name", RECORD_CUSTOM, input->name};
}

static bool given_among_fields(const struct value_set *values, const char *name)
{
    const struct field *field = field_by_name(values->fields, name);
    return field && values->given[field - values->fields->items];
}

static void refuse_twice(struct error_list *list, const char *member)
{
    error_list_add(list, member, "This is given twice, here and among the fields.");
}

/* Puts the members over the values. */
static void put_members(struct arena *arena, const struct record_object *object,
    const struct record_input *input, struct value_set *values, struct error_list *list)
{
    struct member members[MEMBERS];
    list_members(input, members);
    for (size_t i = 0; i < MEMBERS; i++) {
        if (!members[i].text)
            continue;
        const char *pointer = arena_printf(arena, "/%s", members[i].name);
        if (members[i].kind != object->kind)
            error_list_add(list, pointer, "%.60s records have no member of this name.", object->name);
        else if (given_among_fields(values, members[i].name))
            refuse_twice(list, pointer);
        else
            values_put_text(arena, values, members[i].name, members[i].text);
    }
}

static enum err_code read_owner(struct write *w, struct id owner_id, const char *pointer,
    struct record *record, struct error_list *list, struct error *err)
{
    if (id_equal(record->owner.id, owner_id))
        return ERR_OK;
    record->owner = (struct person){0};
    if (id_is_nil(owner_id))
        return ERR_OK;
    enum err_code code = person_read(w->db, w->arena, w->business_id, owner_id, &record->owner, err);
    if (code != ERR_NOT_FOUND)
        return code;
    error_list_add(list, pointer, "%s", err->text);
    return ERR_OK;
}

/* The owner, by its member or (Custom Objects) by its field. */
static enum err_code put_owner(struct write *w, const struct record_input *input, struct record *record,
    struct error_list *list, struct error *err)
{
    if (!given_among_fields(&record->values, "owner"))
        return input->has_owner ? read_owner(w, input->owner_id, "/owner_id", record, list, err) : ERR_OK;
    if (input->has_owner)
        refuse_twice(list, "/owner_id");
    struct id id = {0};
    const char *text = values_text(w->arena, &record->values, "owner");
    if (text && !id_parse(text, strlen(text), &id))
        return error_set(err, ERR_INTERNAL, "the value of an owner is no id");
    return read_owner(w, id, "/fields", record, list, err);
}

/* ── the columns ─────────────────────────────────────────────────────────────────────────────── */

static const char *text_or_empty(struct arena *arena, const struct value_set *values, const char *name)
{
    const char *text = values_text(arena, values, name);
    return text ? text : "";
}

void record_take_columns(struct arena *arena, enum record_kind kind, struct record *record)
{
    const struct value_set *values = &record->values;
    if (kind == RECORD_CUSTOM) {
        record->display_name = text_or_empty(arena, values, "name");
        return;
    }
    record->first_name = text_or_empty(arena, values, "first_name");
    record->last_name = text_or_empty(arena, values, "last_name");
    const char *email = values_text(arena, values, "email");
    if (!email || !record->email ||
        strcmp(email, record->email) != 0) /* one of version 1 may stay as it is */
        record->email = email_form(arena, email);
    record->display_name =
        arena_printf(arena, "%s%s%s", record->first_name, *record->last_name ? " " : "", record->last_name);
}

static void check_columns(
    struct write *w, enum record_kind kind, const struct record *record, struct error_list *list)
{
    size_t most = (size_t)crm_limits(w->crm)->name_chars;
    if (kind == RECORD_CUSTOM) {
        (void)check_name_member(record->display_name, (int64_t)most, list);
        return;
    }
    if (!check_name(record->first_name, most))
        error_list_add(list, "/first_name", "A first name of 1 to %zu characters is needed.", most);
    if (text_chars(record->last_name) > most)
        error_list_add(list, "/last_name", "A last name has at most %zu characters.", most);
    if (record->email && !check_email(record->email))
        error_list_add(list, "/email", "'%.80s' is not an email address.", record->email);
}

static void email_taken(const struct record *record, bool archived, struct error_list *list)
{
    error_list_conflict(list, "/email", "A contact with the email %.120s is there already%s.", record->email,
        archived ? ", archived" : "");
}

static enum err_code check_email_free(
    struct write *w, const struct record *record, struct error_list *list, struct error *err)
{
    bool taken = false, archived = false;
    enum err_code code = record_email_taken(w->db, record, &taken, &archived, err);
    if (!code && taken)
        email_taken(record, archived, list);
    return code;
}

/* Puts what is given over the record, and checks what comes out. `before`: NULL for a new one. */
static enum err_code apply(struct write *w, const struct record_object *object,
    const struct record_input *input, bool new, struct record *record, struct error_list *list,
    struct error *err)
{
    const struct actor operator= {.business_id = w->business_id, .access = &access_operator};
    enum err_code code = values_change(
        w->db, w->arena, w->actor ? w->actor : &operator, input->fields, &record->values, list, err);
    if (code)
        return code;
    put_members(w->arena, object, input, &record->values, list);
    record_take_columns(w->arena, object->kind, record);
    check_columns(w, object->kind, record, list);
    if (new) {
        values_apply_defaults(&record->values);
        values_complete(&record->values, NULL, list);
    }
    code = put_owner(w, input, record, list, err);
    if (!code)
        code = check_email_free(w, record, list, err);
    if (!code)
        code = error_list_refuse(list, err);
    if (code)
        return code;
    record_put_columns(w->arena, object->kind, record);
    record->field_values = values_store(w->arena, &record->values);
    return ERR_OK;
}

/* The names of what its values refer to, for whoever reads the answer. */
static enum err_code read_names(struct write *w, struct record *record, struct error *err)
{
    struct value_set *values = &record->values;
    values->name_count = 0; /* those that are known were read for nobody in particular */
    return values_read_names(w->db, w->arena, w->business_id, w->actor, &values, 1, err);
}

/* ── making ──────────────────────────────────────────────────────────────────────────────────── */

static enum err_code begin(
    struct write *w, const struct record_object *object, struct record *record, struct error *err)
{
    bool contact = object->kind == RECORD_CONTACT;
    struct field_set *fields = ARENA_NEW(w->arena, struct field_set);
    *record = (struct record){.id = id_new(),
        .business_id = w->business_id,
        .object_id = object->id,
        .first_name = contact ? "" : NULL,
        .last_name = contact ? "" : NULL,
        .display_name = "",
        .field_values = "{}",
        .version = 1,
        .created_at = w->now,
        .updated_at = w->now};
    enum err_code code = record_fields(w->db, w->arena, object, fields, err);
    if (!code)
        values_init(w->arena, fields, &record->values);
    if (w->actor && access_level(w->actor, ACTION_ADD_RECORD) == LEVEL_MY) /* unless another owner is named */
        record->owner = w->actor->employee;
    return code;
}

enum err_code record_add(struct write *w, const char *object_key, const struct record_input *input,
    struct record_object *object, struct record *record, struct error_list *list, struct error *err)
{
    write_is_data(w);
    enum err_code code = write_may(w, ACTION_ADD_RECORD, NULL, err);
    if (!code)
        code = record_object_find(w, object_key, object, err);
    if (!code && object->archived_at)
        code = error_set(err, ERR_CONFLICT, "%.60s is archived: it takes no new records.", object->name);
    if (!code)
        code = begin(w, object, record, err);
    if (!code)
        code = apply(w, object, input, true, record, list, err);
    const struct thing thing = {.employee_id = record->owner.id};
    if (!code)
        code = write_may(w, ACTION_ADD_RECORD, &thing, err);
    if (code)
        return code;
    code = record_insert(w->db, w->arena, object->kind, record, err);
    if (code == ERR_CONFLICT) /* another node was quicker */
        email_taken(record, false, list);
    return code ? code : read_names(w, record, err);
}

/* ── changing ────────────────────────────────────────────────────────────────────────────────── */

static enum err_code check_archiving(const struct record_input *input, const struct record *before,
    int64_t now, struct record *record, struct error *err)
{
    if (input->has_archived)
        record->archived_at = input->archived ? now : 0;
    if (before->archived_at && record->archived_at)
        return error_set(err, ERR_CONFLICT, "This record is archived; it can only be restored.");
    return ERR_OK;
}

enum err_code record_change(struct write *w, const char *object_key, struct id id, int64_t version,
    const struct record_input *input, struct record_object *object, struct record *record,
    struct error_list *list, struct error *err)
{
    write_is_data(w);
    enum err_code code = write_may(w, ACTION_VIEW_RECORD, NULL, err);
    if (!code)
        code = record_object_find(w, object_key, object, err);
    if (!code)
        code = record_hold(w->db, w->arena, object, id, record, err);
    struct thing thing = {0};
    if (!code)
        thing.employee_id = record->owner.id;
    bool archives = input->has_archived && input->archived;
    if (!code)
        code = write_may(w, archives ? ACTION_DELETE_RECORD : ACTION_EDIT_RECORD, &thing, err);
    if (!code && version >= 0 && version != record->version)
        code = error_set(err, ERR_STALE, "This record was changed by somebody else since you read it.");
    const struct record before = *record;
    if (!code)
        code = check_archiving(input, &before, w->now, record, err);
    if (!code)
        code = apply(w, object, input, false, record, list, err);
    if (code)
        return code;
    record->updated_at = w->now;
    code = record_update(w->db, w->arena, object->kind, &before, record, err);
    if (code == ERR_CONFLICT)
        email_taken(record, false, list);
    return code ? code : read_names(w, record, err);
}
