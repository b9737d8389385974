#include "crm/value.h"

#include "base/json_read.h"
#include "crm/value_internal.h"

#include <stdlib.h>

#define GIVEN_MOST 1000 /* elements of what is given; an owner has far fewer fields */
#define POINTER_MOST 64

static bool is_reference(enum field_type type)
{
    return type == FIELD_TEAM_MEMBER || type == FIELD_RECORD;
}

/* The id in the value of a reference. */
static bool reference_id(const char *json, struct id *id)
{
    return json && *json == '"' && id_parse(json + 1, strcspn(json + 1, "\""), id);
}

void values_init(struct arena *arena, const struct field_set *fields, struct value_set *values)
{
    *values = (struct value_set){.fields = fields,
        .json = ARENA_ARRAY(arena, const char *, fields->count + 1),
        .given = ARENA_ARRAY(arena, size_t, fields->count + 1)};
}

/* ── names ───────────────────────────────────────────────────────────────────────────────────── */

static int by_id(const void *a, const void *b)
{
    const struct value_name *x = a, *y = b;
    return id_compare(x->id, y->id);
}

static const struct value_name *find_name(const struct value_set *values, struct id id)
{
    const struct value_name key = {.id = id};
    return values->name_count ? bsearch(&key, values->names, values->name_count, sizeof key, by_id) : NULL;
}

static const char *name_of(const struct value_set *values, struct id id)
{
    const struct value_name *name = find_name(values, id);
    return name ? name->display_name : NULL;
}

/* Whether it is to be shown as if it were empty. */
static bool is_hidden(const struct value_set *values, struct id id)
{
    const struct value_name *name = find_name(values, id);
    return name && !name->display_name;
}

/* Adds those that were found, for `n` sets together: what they had, each, is kept. */
static void share_names(struct arena *arena, struct value_set *const *sets, size_t n,
    const struct value_lookup *lookups, size_t count)
{
    size_t most = count, named = 0;
    for (size_t i = 0; i < n; i++)
        most += sets[i]->name_count;
    struct value_name *names = ARENA_ARRAY(arena, struct value_name, most + 1);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < sets[i]->name_count; j++)
            names[named++] = sets[i]->names[j];
    for (size_t i = 0; i < count; i++)
        if (lookups[i].display_name || !id_is_nil(lookups[i].object_id)) /* it is there */
            names[named++] = (struct value_name){lookups[i].id, lookups[i].display_name};
    if (named)
        qsort(names, named, sizeof *names, by_id);
    for (size_t i = 0; i < n; i++) {
        sets[i]->names = names;
        sets[i]->name_count = named;
    }
}

/* ── reading what is given ───────────────────────────────────────────────────────────────────── */

struct reading {
    struct arena *arena;
    struct value_set *values;
    struct value_lookup *lookups; /* references that are new */
    size_t *lookup_fields; /* whose they are */
    size_t lookup_count;
    struct error_list *list;
};

static void refuse(struct reading *r, size_t at, const char *member, const char *what)
{
    char pointer[POINTER_MOST];
    snprintf(pointer, sizeof pointer, "/fields/%zu%s", at, member);
    error_list_add(r->list, pointer, "%s", what);
}

/* NULL when absent or null. */
static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

/* The field that an element names, by id or by name; NULL when it has been refused. */
static const struct field *named_field(struct reading *r, size_t at, const json_t *element)
{
    const json_t *id_given = member(element, "id"), *name_given = member(element, "name");
    const char *id_text = json_string_value(id_given), *name = json_string_value(name_given);
    const struct field *field = NULL;
    struct id id;
    if (!json_is_object(element) || (!id_given && !name_given)) {
        refuse(r, at, "", "A value is an object with the name or the id of a field, and a value.");
        return NULL;
    }
    if (!id_given)
        field = name ? field_by_name(r->values->fields, name) : NULL;
    else if (id_text && id_parse(id_text, strlen(id_text), &id))
        field = field_by_id(r->values->fields, id);
    if (!field)
        refuse(r, at, id_given ? "/id" : "/name", "There is no such field here.");
    else if (id_given && name_given && (!name || strcmp(name, field->name) != 0)) {
        refuse(r, at, "/name", "The field with this id has another name.");
        field = NULL;
    }
    return field;
}

/* The index of a field that may get a value; false when it has been refused. */
static bool settable_field(struct reading *r, size_t at, const json_t *element, size_t *index)
{
    const struct field *field = named_field(r, at, element);
    if (!field)
        return false;
    *index = (size_t)(field - r->values->fields->items);
    const char *wrong = field->archived            ? "This field is archived."
                        : field->read_only         ? "This value is not given by anybody."
                        : r->values->given[*index] ? "This field is there twice."
                                                   : NULL;
    if (wrong)
        refuse(r, at, member(element, "id") ? "/id" : "/name", wrong);
    else if (!json_object_get(element, "value"))
        refuse(r, at, "/value", "This is required; null empties the field.");
    else
        return true;
    return false;
}

static void read_element(struct reading *r, size_t at, const json_t *element)
{
    size_t index;
    if (!settable_field(r, at, element, &index))
        return;
    const struct field *field = &r->values->fields->items[index];
    const char *before = r->values->json[index], *json;
    const char *wrong = value_normalise(r->arena, field, json_object_get(element, "value"), before, &json);
    r->values->given[index] = at + 1;
    if (wrong) {
        refuse(r, at, "/value", wrong);
        return;
    }
    struct id id;
    if (is_reference(field->type) && reference_id(json, &id) && !(before && strcmp(before, json) == 0)) {
        r->lookups[r->lookup_count] = (struct value_lookup){.id = id, .type = field->type};
        r->lookup_fields[r->lookup_count++] = index;
    }
    r->values->json[index] = json;
}

/* NULL, or why what a value refers to cannot be referred to. */
static const char *wrong_reference(const struct field *field, const struct value_lookup *found)
{
    if (field->type == FIELD_TEAM_MEMBER)
        return !found->display_name ? "There is no such employee in this Business."
               : found->inactive    ? "This employee is not active any more."
                                    : NULL;
    if (!found->display_name)
        return "There is no such record in this Business.";
    if (!id_is_nil(field->target_object_id) && !id_equal(field->target_object_id, found->object_id))
        return "This record is of another object than the field takes.";
    return found->inactive ? "This record is archived." : NULL;
}

/* Whether the actor (NULL: an operator) may not see what was found. */
static bool hides(const struct actor *actor, const struct value_lookup *found)
{
    const struct thing thing = {.employee_id = found->owner_id};
    if (!actor)
        return false;
    return found->type == FIELD_RECORD
               ? !may_see(actor, ACTION_VIEW_RECORD, &thing)
               : !id_equal(found->id, actor->employee.id) && !may_see(actor, ACTION_VIEW_EMPLOYEE, NULL);
}

static enum err_code check_references(
    struct reading *r, struct db *db, const struct actor *actor, struct error *err)
{
    struct value_set *values = r->values;
    enum err_code code = value_look_up(db, r->arena, actor->business_id, r->lookups, r->lookup_count, err);
    for (size_t i = 0; i < r->lookup_count && !code; i++) {
        size_t index = r->lookup_fields[i];
        if (r->lookups[i].type == FIELD_RECORD && hides(actor, &r->lookups[i]))
            r->lookups[i].display_name = NULL;
        const char *wrong = wrong_reference(&values->fields->items[index], &r->lookups[i]);
        if (wrong)
            refuse(r, values->given[index] - 1, "/value", wrong);
    }
    if (!code)
        share_names(r->arena, &values, 1, r->lookups, r->lookup_count);
    return code;
}

/* Reads what is given over what is in `values`. */
static enum err_code read_given(struct db *db, struct arena *arena, const struct actor *actor,
    const json_t *given, struct value_set *values, struct error_list *list, struct error *err)
{
    size_t count = json_array_size(given);
    if (!given || json_is_null(given))
        return ERR_OK;
    if (!json_is_array(given) || count > GIVEN_MOST) {
        error_list_add(list, "/fields", "This must be an array of at most %d values of fields.", GIVEN_MOST);
        return ERR_OK;
    }
    struct reading r = {.arena = arena, .values = values, .list = list};
    r.lookups = ARENA_ARRAY(arena, struct value_lookup, values->fields->count + 1);
    r.lookup_fields = ARENA_ARRAY(arena, size_t, values->fields->count + 1);
    for (size_t at = 0; at < count; at++)
        read_element(&r, at, json_array_get(given, at));
    return check_references(&r, db, actor, err);
}

enum err_code values_read(struct db *db, struct arena *arena, const struct actor *actor,
    const struct field_set *fields, const json_t *given, struct value_set *values, struct error_list *list,
    struct error *err)
{
    values_init(arena, fields, values);
    return read_given(db, arena, actor, given, values, list, err);
}

static bool is_refused(const struct error_list *list, const char *pointer)
{
    for (size_t i = 0; i < list->count && i < ARRAY_LEN(list->items); i++)
        if (strcmp(list->items[i].pointer, pointer) == 0)
            return true;
    return false;
}

static void require(const struct value_set *values, size_t index, struct error_list *list)
{
    char pointer[POINTER_MOST] = "/fields";
    if (values->given[index])
        snprintf(pointer, sizeof pointer, "/fields/%zu/value", values->given[index] - 1);
    if (values->given[index] && is_refused(list, pointer))
        return; /* it is empty because it could not be taken */
    error_list_add(list, pointer, "The field '%.60s' (%s) is required.",
        values->fields->items[index].display_name, values->fields->items[index].name);
}

enum err_code values_change(struct db *db, struct arena *arena, const struct actor *actor,
    const json_t *given, struct value_set *values, struct error_list *list, struct error *err)
{
    memset(values->given, 0, values->fields->count * sizeof *values->given);
    enum err_code code = read_given(db, arena, actor, given, values, list, err);
    for (size_t i = 0; i < values->fields->count && !code; i++)
        if (values->given[i] && !values->json[i] && values->fields->items[i].required)
            require(values, i, list);
    return code;
}

/* ── completing ──────────────────────────────────────────────────────────────────────────────── */

void values_apply_defaults(struct value_set *values)
{
    for (size_t i = 0; i < values->fields->count; i++)
        if (!values->given[i] && !values->json[i] && !values->fields->items[i].archived)
            values->json[i] = values->fields->items[i].default_json;
}

void values_complete(struct value_set *values, const bool *visible, struct error_list *list)
{
    for (size_t i = 0; i < values->fields->count; i++) {
        const struct field *field = &values->fields->items[i];
        if (visible && !visible[i])
            values->json[i] = NULL;
        else if (field->required && !field->archived && !values->json[i])
            require(values, i, list);
    }
}

/* ── storing ─────────────────────────────────────────────────────────────────────────────────── */

const char *values_store(struct arena *arena, const struct value_set *values)
{
    struct buf text = BUF_INIT(SIZE_MAX);
    struct json json = JSON_INTO(&text);
    size_t most = 2;
    for (size_t i = 0; i < values->fields->count; i++)
        if (values->json[i])
            most += strlen(values->fields->items[i].name) + strlen(values->json[i]) + sizeof "\"\":,";
    buf_reserve(&text, most); /* so that nothing can be missing for want of memory */
    emit_object(&json, NULL);
    for (size_t i = 0; i < values->fields->count; i++)
        if (values->json[i] && !values->fields->items[i].in_column)
            emit_raw(&json, values->fields->items[i].name, values->json[i]);
    emit_object_end(&json);
    const char *stored = arena_strndup(arena, buf_text(&text), text.len);
    buf_free(&text);
    return stored;
}

enum err_code values_load(struct arena *arena, const struct field_set *fields, const char *stored,
    struct value_set *values, struct error *err)
{
    values_init(arena, fields, values);
    if (strcmp(stored, "{}") == 0)
        return ERR_OK;
    json_t *root = json_load(stored, strlen(stored));
    if (!root)
        return error_set(err, ERR_BUSY, "There is no memory for these values now.");
    for (size_t i = 0; i < fields->count; i++)
        values->json[i] = json_text(arena, json_object_get(root, fields->items[i].name));
    json_decref(root);
    return ERR_OK;
}

static bool index_of(const struct value_set *values, const char *name, size_t *index)
{
    const struct field *field = field_by_name(values->fields, name);
    if (field)
        *index = (size_t)(field - values->fields->items);
    return field != NULL;
}

/* The text of a JSON text as json_quoted writes it: what it escapes is ASCII. */
static char *unquoted(struct arena *arena, const char *json)
{
    char *text = arena_alloc(arena, strlen(json) + 1), *out = text;
    for (const char *at = json + 1; *at && *at != '"'; at++) {
        if (*at != '\\') {
            *out++ = *at;
        } else if (*++at == 'u') {
            char hex[] = {at[3], at[4], '\0'};
            *out++ = (char)strtol(hex, NULL, 16);
            at += 4;
        } else
            *out++ = *at;
    }
    return text;
}

const char *values_text(struct arena *arena, const struct value_set *values, const char *name)
{
    size_t index;
    if (!index_of(values, name, &index) || !values->json[index] || values->json[index][0] != '"')
        return NULL;
    return unquoted(arena, values->json[index]);
}

void values_put_text(struct arena *arena, struct value_set *values, const char *name, const char *text)
{
    size_t index;
    if (index_of(values, name, &index))
        values->json[index] = text && *text ? json_quoted(arena, text) : NULL;
}

/* ── showing ─────────────────────────────────────────────────────────────────────────────────── */

static size_t references_most(const struct value_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->fields->count; i++)
        count += is_reference(set->fields->items[i].type) && set->json[i];
    return count;
}

/* Adds the references of one set whose names are not known; returns how many there are then. */
static size_t gather(const struct value_set *set, struct value_lookup *lookups, size_t count)
{
    for (size_t i = 0; i < set->fields->count; i++) {
        struct id id;
        enum field_type type = set->fields->items[i].type;
        if (is_reference(type) && reference_id(set->json[i], &id) && !name_of(set, id))
            lookups[count++] = (struct value_lookup){.id = id, .type = type};
    }
    return count;
}

static int by_reference(const void *a, const void *b)
{
    const struct value_lookup *x = a, *y = b;
    int order = id_compare(x->id, y->id);
    return order ? order : (int)x->type - (int)y->type;
}

/* By id, each once; returns how many are left. */
static size_t sort_out(struct value_lookup *lookups, size_t count)
{
    size_t kept = 0;
    qsort(lookups, count, sizeof *lookups, by_reference);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || by_reference(&lookups[kept - 1], &lookups[i]) != 0)
            lookups[kept++] = lookups[i];
    return kept;
}

enum err_code values_read_names(struct db *db, struct arena *arena, struct id business_id,
    const struct actor *actor, struct value_set *const *sets, size_t n, struct error *err)
{
    size_t most = 0, count = 0;
    for (size_t i = 0; i < n; i++)
        most += references_most(sets[i]);
    if (most == 0)
        return ERR_OK;
    struct value_lookup *lookups = ARENA_ARRAY(arena, struct value_lookup, most);
    for (size_t i = 0; i < n; i++)
        count = gather(sets[i], lookups, count);
    if (count == 0)
        return ERR_OK;
    count = sort_out(lookups, count);
    enum err_code code = value_look_up(db, arena, business_id, lookups, count, err);
    for (size_t j = 0; j < count && !code; j++)
        if (hides(actor, &lookups[j]))
            lookups[j].display_name = NULL;
    if (!code)
        share_names(arena, sets, n, lookups, count);
    return code;
}

static void emit_option(struct json *json, const char *name, const struct field *field, struct id id)
{
    const struct field_option *option = field_option_by_id(field, id);
    emit_object(json, name);
    emit_id(json, "id", id);
    emit_text(json, "name", option ? option->name : NULL);
    emit_object_end(json);
}

/* One option, or an array of them: "id" or ["id","id"], as values are kept. */
static void emit_options(struct json *json, const struct field *field, const char *value)
{
    struct id id;
    if (reference_id(value, &id)) {
        emit_option(json, "value", field, id);
        return;
    }
    emit_array(json, "value");
    for (const char *at = strchr(value, '"'); reference_id(at, &id);
         at = strchr(at + 1 + ID_TEXT_LEN + 1, '"'))
        emit_option(json, NULL, field, id);
    emit_array_end(json);
}

static void emit_value(struct json *json, const struct value_set *values, size_t i)
{
    const struct field *field = &values->fields->items[i];
    const char *value = values->json[i];
    struct id id;
    if (!value)
        emit_null(json, "value");
    else if (field_type_has_options(field->type))
        emit_options(json, field, value);
    else if (is_reference(field->type) && reference_id(value, &id) && is_hidden(values, id))
        emit_null(json, "value");
    else if (is_reference(field->type) && reference_id(value, &id)) {
        emit_object(json, "value");
        emit_id(json, "id", id);
        emit_text(json, "display_name", name_of(values, id));
        emit_object_end(json);
    } else
        emit_raw(json, "value", value);
}

void values_emit(struct json *json, const char *name, const struct value_set *values)
{
    emit_array(json, name);
    for (size_t i = 0; i < values->fields->count; i++) {
        const struct field *field = &values->fields->items[i];
        if (field->archived && !values->json[i])
            continue;
        emit_object(json, NULL);
        emit_id(json, "id", field->id);
        emit_text(json, "name", field->name);
        emit_text(json, "display_name", field->display_name);
        emit_text(json, "field_type", field_type_name(field->type));
        emit_text(json, "custom_field_type",
            id_is_nil(field->bound_field_id) ? NULL : field_type_name(field->type));
        emit_value(json, values, i);
        emit_object_end(json);
    }
    emit_array_end(json);
}

/* ── one value ───────────────────────────────────────────────────────────────────────────────── */

enum err_code value_check(struct db *db, struct arena *arena, struct id business_id,
    const struct field *field, const json_t *given, const char **json, const char **wrong, struct error *err)
{
    struct value_lookup lookup = {.type = field->type};
    *wrong = value_normalise(arena, field, given, NULL, json);
    if (*wrong || !is_reference(field->type) || !reference_id(*json, &lookup.id))
        return ERR_OK;
    enum err_code code = value_look_up(db, arena, business_id, &lookup, 1, err);
    if (!code)
        *wrong = wrong_reference(field, &lookup);
    return code;
}
