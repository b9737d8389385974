/* /api/activities/objects/{id}/rules: the Advanced Activity Rules of an Activity Object (M20). */
#include "api/body.h"
#include "crm/object.h"
#include "crm/rule.h"

static void emit_value(struct json *json, const struct rule_condition *condition)
{
    enum operand operand = operator_kinds[condition->op].operand;
    if (operand == OPERAND_NONE)
        return;
    if (operand == OPERAND_PART || operand == OPERAND_ONE) {
        emit_raw(json, "value", condition->operands[0]);
        return;
    }
    emit_array(json, "value");
    for (size_t i = 0; i < condition->operand_count; i++)
        emit_raw(json, NULL, condition->operands[i]);
    emit_array_end(json);
}

static void emit_rule(struct json *json, const struct rule_set *set, const struct rule *rule)
{
    emit_object(json, NULL);
    emit_id(json, "id", rule->id);
    emit_text(json, "name", *rule->name ? rule->name : NULL);
    emit_text(json, "match", rule->match == RULE_ALL ? "all" : "any");
    emit_array(json, "conditions");
    for (size_t i = 0; i < rule->condition_count; i++) {
        emit_object(json, NULL);
        emit_text(json, "field", set->fields->items[rule->conditions[i].field].name);
        emit_text(json, "operator", operator_kinds[rule->conditions[i].op].name);
        emit_value(json, &rule->conditions[i]);
        emit_object_end(json);
    }
    emit_array_end(json);
    emit_array(json, "targets");
    for (size_t i = 0; i < rule->target_count; i++)
        emit_text(json, NULL, set->fields->items[rule->targets[i]].name);
    emit_array_end(json);
    emit_object_end(json);
}

static void reply_rules(struct call *call, const struct rule_set *set, int64_t version)
{
    struct buf body = BUF_INIT(ANSWER_MOST);
    struct json json = JSON_INTO(&body);
    emit_object(&json, NULL);
    emit_array(&json, "rules");
    for (size_t r = 0; r < set->count; r++)
        emit_rule(&json, set, &set->rules[r]);
    emit_array_end(&json);
    emit_object_end(&json);
    struct reply_header etag = etag_header(call, version);
    call_reply_json(call, 200, &body, &etag, 1);
}

void rules_get(struct call *call)
{
    struct activity_object object;
    struct field_set fields;
    struct rule_set set;
    struct error err = {0};
    /* The version first: should the rules change before they are read, the ETag is stale, and never too new. */
    enum err_code code = object_read(call->db, call->arena, &call->actor, call->path_id, NULL, &object, &err);
    if (!code)
        code = rules_read(call->db, call->arena, object.business_id, object.id, &fields, &set, &err);
    if (code)
        call_fail(call, &err, NULL);
    else
        reply_rules(call, &set, object.version);
}

struct rules_call {
    struct rules_input input;
    struct rules_result result;
};

static enum err_code run_replace(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct rules_call *replacing = ctx;
    return rules_replace(w, &replacing->input, &replacing->result, list, err);
}

static void reply_replaced(struct call *call, void *ctx)
{
    const struct rules_call *replaced = ctx;
    reply_rules(call, &replaced->result.set, replaced->result.version);
}

void rules_put(struct call *call)
{
    struct rules_call *replacing = ARENA_NEW(call->arena, struct rules_call);
    struct body body;
    replacing->input.object_id = call->path_id;
    if (!call_if_match(call, &replacing->input.version) || !body_read(call, &body))
        return;
    replacing->input.rules = body_array(&body, "rules");
    body_write_settings(&body, run_replace, reply_replaced, replacing);
}
