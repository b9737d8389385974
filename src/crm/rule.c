#include "crm/rule_internal.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json_read.h"
#include "base/text.h"
#include "crm/audit.h"
#include "crm/object.h"

#define STORED_MOST (16 << 20) /* bytes of a rule's conditions; a body is far smaller */

/* ── stored: ids of fields, names of operators ───────────────────────────────────────────────── */

static const char *store_conditions(struct arena *arena, const struct rule_set *set, const struct rule *rule)
{
    CLEANUP(buf_free) struct buf out = BUF_INIT(STORED_MOST);
    struct json json = JSON_INTO(&out);
    emit_array(&json, NULL);
    for (size_t i = 0; i < rule->condition_count; i++) {
        const struct rule_condition *condition = &rule->conditions[i];
        emit_object(&json, NULL);
        emit_id(&json, "field", set->fields->items[condition->field].id);
        emit_text(&json, "operator", operator_kinds[condition->op].name);
        emit_array(&json, "operands");
        for (size_t k = 0; k < condition->operand_count; k++)
            emit_raw(&json, NULL, condition->operands[k]);
        emit_array_end(&json);
        emit_object_end(&json);
    }
    emit_array_end(&json);
    return arena_strndup(arena, buf_text(&out), out.len);
}

static const char *store_targets(struct arena *arena, const struct rule_set *set, const struct rule *rule)
{
    CLEANUP(buf_free) struct buf out = BUF_INIT(STORED_MOST);
    struct json json = JSON_INTO(&out);
    emit_array(&json, NULL);
    for (size_t i = 0; i < rule->target_count; i++)
        emit_id(&json, NULL, set->fields->items[rule->targets[i]].id);
    emit_array_end(&json);
    return arena_strndup(arena, buf_text(&out), out.len);
}

static bool load_field(const struct rule_set *set, const json_t *json, size_t *index)
{
    struct id id;
    const char *text = json_is_string(json) ? json_string_value(json) : "";
    const struct field *field = id_parse(text, strlen(text), &id) ? field_by_id(set->fields, id) : NULL;
    if (field)
        *index = (size_t)(field - set->fields->items);
    return field != NULL;
}

static bool load_condition(
    struct arena *arena, const struct rule_set *set, const json_t *json, struct rule_condition *condition)
{
    const char *name = json_string_value(json_object_get(json, "operator"));
    const json_t *operands = json_object_get(json, "operands");
    if (!load_field(set, json_object_get(json, "field"), &condition->field) || !name ||
        !operator_parse(name, &condition->op))
        return false;
    condition->operand_count = json_array_size(operands);
    condition->operands = ARENA_ARRAY(arena, const char *, condition->operand_count + 1);
    for (size_t k = 0; k < condition->operand_count; k++) {
        char *text = json_dumps(json_array_get(operands, k), JSON_ENCODE_ANY | JSON_COMPACT);
        condition->operands[k] = arena_strdup(arena, text ? text : "null");
        mem_free(text);
    }
    return true;
}

/* Out of the two arrays; false if they are not what was stored. */
static bool load_arrays(struct arena *arena, const struct rule_set *set, const json_t *conditions,
    const json_t *targets, struct rule *rule)
{
    rule->condition_count = json_array_size(conditions);
    rule->conditions = ARENA_ARRAY(arena, struct rule_condition, rule->condition_count + 1);
    rule->target_count = json_array_size(targets);
    rule->targets = ARENA_ARRAY(arena, size_t, rule->target_count + 1);
    for (size_t i = 0; i < rule->condition_count; i++)
        if (!load_condition(arena, set, json_array_get(conditions, i), &rule->conditions[i]))
            return false;
    for (size_t i = 0; i < rule->target_count; i++)
        if (!load_field(set, json_array_get(targets, i), &rule->targets[i]))
            return false;
    return true;
}

/* A row, until the fields are there. */
struct stored_rule {
    struct rule rule;
    const char *conditions, *targets; /* JSON */
    struct stored_rule *next;
};

static bool load_rule(
    struct arena *arena, const struct rule_set *set, const struct stored_rule *stored, struct rule *rule)
{
    *rule = stored->rule;
    json_t *conditions = json_load(stored->conditions, strlen(stored->conditions));
    json_t *targets = json_load(stored->targets, strlen(stored->targets));
    bool good = load_arrays(arena, set, conditions, targets, rule);
    json_decref(conditions);
    json_decref(targets);
    return good;
}

static struct stored_rule *take_rule(struct db_rows *rows, struct arena *arena)
{
    struct stored_rule *stored = ARENA_NEW(arena, struct stored_rule);
    stored->rule = (struct rule){.id = db_col_id(rows, 0),
        .name = db_col_text_copy(rows, 1, arena),
        .match = db_col_int(rows, 2) ? RULE_ALL : RULE_ANY,
        .created_at = db_col_int(rows, 5)};
    stored->conditions = db_col_text_copy(rows, 3, arena);
    stored->targets = db_col_text_copy(rows, 4, arena);
    return stored;
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

static enum err_code read_rows(struct db *db, struct arena *arena, struct id business_id, struct id object_id,
    struct stored_rule **first, size_t *count, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT id, name, match_all, conditions, targets, created_at FROM activity_rule "
        "WHERE activity_object_id = $1 AND business_id = $2 ORDER BY position, id",
        DB_PARAMS(db_id(object_id), db_id(business_id)), &rows, err);
    for (*count = 0; !code && db_next(rows, &code, err); first = &(*first)->next, ++*count)
        *first = take_rule(rows, arena);
    return code;
}

enum err_code rules_read(struct db *db, struct arena *arena, struct id business_id, struct id object_id,
    struct field_set *fields, struct rule_set *set, struct error *err)
{
    struct stored_rule *stored = NULL;
    bool good = true;
    *set = (struct rule_set){.fields = fields};
    /* The fields after the rules: fields are only ever added, so no rule names one that is not among them. */
    enum err_code code = read_rows(db, arena, business_id, object_id, &stored, &set->count, err);
    if (!code)
        code = fields_read(db, arena, business_id, object_id, fields, err);
    if (code)
        return code;
    set->rules = ARENA_ARRAY(arena, struct rule, set->count + 1);
    for (size_t r = 0; stored && good; stored = stored->next)
        good = load_rule(arena, set, stored, &set->rules[r++]);
    if (!good || rules_order(arena, set, NULL) < set->count)
        code = error_set(err, ERR_INTERNAL, "The stored rules of this Activity Object cannot be read.");
    return code;
}

bool rules_depend_on(const struct rule_set *set, size_t field)
{
    for (size_t r = 0; r < set->count; r++)
        if (rule_asks(&set->rules[r], field))
            return true;
    return false;
}

enum err_code rule_uses_field(struct db *db, struct arena *arena, struct id business_id, struct id object_id,
    struct id field_id, const char **rule, struct error *err)
{
    struct field_set fields;
    struct rule_set set;
    *rule = NULL;
    enum err_code code = rules_read(db, arena, business_id, object_id, &fields, &set, err);
    const struct field *field = code ? NULL : field_by_id(&fields, field_id);
    if (!field)
        return code;
    size_t f = (size_t)(field - fields.items);
    for (size_t r = 0; r < set.count && !*rule; r++)
        if (rule_asks(&set.rules[r], f) || rule_shows(&set.rules[r], f))
            *rule = *set.rules[r].name ? set.rules[r].name : arena_printf(arena, "Rule %zu", r + 1);
    return ERR_OK;
}

/* ── changing ────────────────────────────────────────────────────────────────────────────────── */

static enum err_code insert_rules(
    struct write *w, struct id object_id, const struct rule_set *set, struct error *err)
{
    static const char *const columns[] = {"id", "business_id", "activity_object_id", "position", "name",
        "match_all", "conditions", "targets", "created_at"};
    static const struct db_insert insert = {"activity_rule", columns, ARRAY_LEN(columns), false};
    struct db_value *values = ARENA_ARRAY(w->arena, struct db_value, ARRAY_LEN(columns) * set->count + 1);
    size_t n = 0;
    for (size_t r = 0; r < set->count; r++) {
        const struct rule *rule = &set->rules[r];
        values[n++] = db_id(rule->id);
        values[n++] = db_id(w->business_id);
        values[n++] = db_id(object_id);
        values[n++] = db_int((int64_t)r);
        values[n++] = db_text(rule->name);
        values[n++] = db_int(rule->match == RULE_ALL);
        values[n++] = db_text(store_conditions(w->arena, set, rule));
        values[n++] = db_text(store_targets(w->arena, set, rule));
        values[n++] = db_int(rule->created_at);
    }
    return set->count ? db_insert_many(w->db, &insert, values, set->count, err) : ERR_OK;
}

/* All rules in one text: a rule has no life of its own, they are replaced together. */
static const char *rules_as_json(struct arena *arena, const struct rule_set *set)
{
    CLEANUP(buf_free) struct buf out = BUF_INIT(STORED_MOST);
    struct json json = JSON_INTO(&out);
    emit_array(&json, NULL);
    for (size_t r = 0; r < set->count; r++) {
        const struct rule *rule = &set->rules[r];
        emit_object(&json, NULL);
        emit_id(&json, "id", rule->id);
        emit_text(&json, "name", rule->name);
        emit_text(&json, "match", rule->match == RULE_ALL ? "all" : "any");
        emit_raw(&json, "conditions", store_conditions(arena, set, rule));
        emit_raw(&json, "targets", store_targets(arena, set, rule));
        emit_object_end(&json);
    }
    emit_array_end(&json);
    return arena_strndup(arena, buf_text(&out), out.len);
}

static enum err_code write_down(struct write *w, const struct activity_object *object,
    const struct rule_set *before, const struct rule_set *after, struct error *err)
{
    struct audit audit = AUDIT(w, "activity_object.rules_changed", object->id, object->name);
    audit_json(&audit, "rules", rules_as_json(w->arena, before), rules_as_json(w->arena, after));
    return audit_add(&audit, err);
}

enum err_code rules_replace(struct write *w, const struct rules_input *input, struct rules_result *result,
    struct error_list *list, struct error *err)
{
    struct activity_object object;
    struct rule_set before = {0};
    *result = (struct rules_result){.set.fields = &result->fields};
    enum err_code code = object_hold(w, input->object_id, input->version, &object, err);
    if (!code)
        code = rules_read(w->db, w->arena, w->business_id, object.id, &result->fields, &before, err);
    if (!code)
        code = rules_check(w, input->rules, &before, &result->set, list, err);
    if (!code)
        code = error_list_refuse(list, err);
    if (!code && text_same(rules_as_json(w->arena, &before), rules_as_json(w->arena, &result->set))) {
        result->version = object.version;
        return ERR_OK;
    }
    if (!code)
        code = object_touch(w, &object, 0, (int64_t)result->set.count - (int64_t)before.count, err);
    result->version = object.version;
    if (code)
        return code;
    code = db_exec(w->db, "DELETE FROM activity_rule WHERE activity_object_id = $1 AND business_id = $2",
        DB_PARAMS(db_id(object.id), db_id(w->business_id)), NULL, err);
    if (!code)
        code = insert_rules(w, object.id, &result->set, err);
    return code ? code : write_down(w, &object, &before, &result->set, err);
}
