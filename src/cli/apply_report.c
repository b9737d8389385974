/* What is wrong with a file, by line, and what a run has changed. */
#include "base/alloc.h"
#include "base/emit.h"
#include "cli/apply_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ── what is wrong ───────────────────────────────────────────────────────────────────────────── */

static void note(struct apply *apply, struct at at, const char *text)
{
    if (!apply->problems)
        apply->problems = ARENA_ARRAY(apply->arena, struct problem, APPLY_PROBLEMS_MOST);
    if (apply->problem_count++ < APPLY_PROBLEMS_MOST)
        apply->problems[apply->problem_count - 1] = (struct problem){
            at.line, arena_printf(apply->arena, "%s%s%s", at.path, *at.path ? ": " : "", text)};
}

void apply_complain(struct apply *apply, struct at at, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    note(apply, at, text);
}

/* How a file calls what a request calls so. */
static const char *file_name_of(const char *member)
{
    static const struct {
        const char *request, *file;
    } names[] = {{"target_object_id", "target_object"}, {"bound_field_id", "bound_to"}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i].request, member) == 0)
            return names[i].file;
    return member;
}

/* Where a pointer into a request points to in the file, as far as that goes. */
static struct at follow(struct apply *apply, struct at at, const char *pointer)
{
    char *copy = arena_strdup(apply->arena, pointer), *rest = NULL;
    for (char *word = strtok_r(copy, "/", &rest); word; word = strtok_r(NULL, "/", &rest)) {
        char *end = NULL;
        size_t i = strtoul(word, &end, 10);
        if (at.node && at.node->kind == YAML_LIST && !*end && i < at.node->count)
            at = apply_item(apply, at, i);
        else
            at = apply_member(apply, at, file_name_of(word));
    }
    return at;
}

enum err_code apply_settle(
    struct apply *apply, struct at at, enum err_code code, const struct error *why, struct error *err)
{
    struct error_list *list = &apply->list;
    bool refused = code == ERR_INVALID || code == ERR_CONFLICT || code == ERR_NOT_FOUND ||
                   code == ERR_DENIED || code == ERR_STALE;
    if (!code)
        return ERR_OK;
    if (!refused)
        return error_set(err, code, "%s", why->text);
    for (size_t i = 0; i < list->count && i < ERROR_ITEMS_MOST; i++)
        note(apply, follow(apply, at, list->items[i].pointer), list->items[i].text);
    if (list->count == 0)
        note(apply, at, why->text);
    error_list_clear(list);
    return ERR_INVALID;
}

static int by_line(const void *a, const void *b)
{
    const struct problem *x = a, *y = b;
    return x->line != y->line ? (x->line < y->line ? -1 : 1) : strcmp(x->text, y->text);
}

void apply_print_problems(struct apply *apply, struct buf *out)
{
    size_t kept = apply->problem_count < APPLY_PROBLEMS_MOST ? apply->problem_count : APPLY_PROBLEMS_MOST;
    if (kept)
        qsort(apply->problems, kept, sizeof *apply->problems, by_line);
    for (size_t i = 0; i < kept; i++)
        buf_printf(out, "%s:%d: %s\n", apply->file, apply->problems[i].line, apply->problems[i].text);
    if (apply->problem_count > kept)
        buf_printf(out, "… and %zu more\n", apply->problem_count - kept);
}

/* ── what is watched ─────────────────────────────────────────────────────────────────────────── */

static struct watched *one_more(struct apply *apply)
{
    if (apply->watched_count == apply->watched_room) {
        size_t room = apply->watched_room ? 2 * apply->watched_room : 64;
        struct watched *more = ARENA_ARRAY(apply->arena, struct watched, room);
        if (apply->watched_count)
            memcpy(more, apply->watched, apply->watched_count * sizeof *more);
        apply->watched = more;
        apply->watched_room = room;
    }
    return &apply->watched[apply->watched_count++];
}

enum err_code apply_watch(struct tenant *t, struct at at, struct show_key key, bool is_new, struct error *err)
{
    struct apply *apply = t->apply;
    bool several = apply_count((struct at){.node = yaml_get(apply->root, "businesses")}) > 1;
    struct watched *watched = one_more(apply);
    *watched = (struct watched){.at = at,
        .key = key,
        .business_id = t->write.business_id,
        .business = several && key.kind != SHOW_BUSINESS ? apply_text(apply, t->at, "name") : NULL};
    return is_new ? ERR_OK : show_thing(&t->show, key, &watched->before, err);
}

/* ── the difference ──────────────────────────────────────────────────────────────────────────── */

struct report {
    struct apply *apply;
    struct buf *out;
    struct json *json; /* NULL: for people */
    size_t unchanged, changed;
};

static const char *text_of(struct apply *apply, const json_t *value)
{
    if (!value)
        return "none";
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
    const char *copy = arena_strdup(apply->arena, text ? text : "");
    mem_free(text);
    return copy;
}

static const char *title_of(struct report *r, const struct watched *watched, const char *field)
{
    static const char *const nouns[] = {[SHOW_BUSINESS] = "business",
        [SHOW_GROUP] = "permission group",
        [SHOW_ROLE] = "role",
        [SHOW_EMPLOYEE] = "employee",
        [SHOW_RECORD_OBJECT] = "record object",
        [SHOW_ACTIVITY_OBJECT] = "activity object"};
    struct arena *arena = r->apply->arena;
    const char *title = field ? arena_printf(arena, "field %s.%s", watched->key.text, field)
                              : arena_printf(arena, "%s %s", nouns[watched->key.kind], watched->key.text);
    return watched->business ? arena_printf(arena, "%s (%s)", title, watched->business) : title;
}

static void tell_added(struct report *r, const char *title)
{
    r->changed++;
    if (!r->json) {
        buf_printf(r->out, "+ %s\n", title);
        return;
    }
    emit_object(r->json, NULL);
    emit_text(r->json, "change", "added");
    emit_text(r->json, "thing", title);
    emit_object_end(r->json);
}

static void tell_changed(
    struct report *r, const char *title, const char *member, const json_t *before, const json_t *after)
{
    const char *old = text_of(r->apply, before), *new = text_of(r->apply, after);
    if (!r->json) {
        buf_printf(r->out, "~ %s: %s %s → %s\n", title, member, old, new);
        return;
    }
    emit_object(r->json, NULL);
    emit_text(r->json, "change", "changed");
    emit_text(r->json, "thing", title);
    emit_text(r->json, "member", member);
    emit_raw(r->json, "before", before ? old : "null");
    emit_raw(r->json, "after", after ? new : "null");
    emit_object_end(r->json);
}

static const char *path_of(struct report *r, const char *prefix, const char *name)
{
    return *prefix ? arena_printf(r->apply->arena, "%s.%s", prefix, name) : name;
}

/* Fields of an object are things of their own, unless they are what is compared. */
static bool is_passed_over(const char *prefix, const char *name)
{
    return !*prefix && strcmp(name, "fields") == 0;
}

static bool compare(
    struct report *r, const char *title, const char *prefix, const json_t *before, const json_t *after);

static bool compare_member(struct report *r, const char *title, const char *prefix, const char *name,
    const json_t *before, const json_t *after)
{
    if (is_passed_over(prefix, name) || json_equal(before, after))
        return false;
    const char *path = path_of(r, prefix, name);
    if (json_is_object(before) && json_is_object(after))
        return compare(r, title, path, before, after);
    tell_changed(r, title, path, before, after);
    return true;
}

/* Tells each member that differs; whether there is one. */
static bool compare(
    struct report *r, const char *title, const char *prefix, const json_t *before, const json_t *after)
{
    bool differs = false;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)after, name, value)
    {
        differs |= compare_member(r, title, prefix, name, json_object_get(before, name), value);
    }
    json_object_foreach((json_t *)before, name, value)
    {
        if (!json_object_get(after, name))
            differs |= compare_member(r, title, prefix, name, value, NULL);
    }
    return differs;
}

static void report_tree(struct report *r, const char *title, const json_t *before, const json_t *after)
{
    if (!before && after)
        tell_added(r, title);
    else if (after && compare(r, title, "", before, after))
        r->changed++;
    else
        r->unchanged++;
}

static json_t *field_of(const json_t *tree, const char *name, size_t *place)
{
    json_t *fields = json_object_get(tree, "fields");
    for (*place = 0; *place < json_array_size(fields); ++*place) {
        json_t *field = json_array_get(fields, *place);
        if (strcmp(json_string_value(json_object_get(field, "name")), name) == 0)
            return field;
    }
    return NULL;
}

static void report_fields(struct report *r, const struct watched *watched)
{
    struct apply *apply = r->apply;
    struct at list = apply_member(apply, watched->at, "fields");
    size_t last_before = 0, last_after = 0;
    bool moved = false;
    for (size_t i = 0; i < apply_count(list); i++) {
        const char *name = apply_text(apply, apply_item(apply, list, i), "name");
        size_t before_at, after_at;
        json_t *before = field_of(watched->before, name, &before_at);
        json_t *after = field_of(watched->after, name, &after_at);
        report_tree(r, title_of(r, watched, name), before, after);
        if (!before || !after || json_object_get(before, "archived") || json_object_get(after, "archived"))
            continue;
        moved |= before_at < last_before && after_at > last_after;
        last_before = before_at;
        last_after = after_at;
    }
    if (!moved)
        return;
    r->changed++;
    tell_changed(r, title_of(r, watched, NULL), "order of fields", json_object_get(watched->before, "fields"),
        json_object_get(watched->after, "fields"));
}

static void report_all(struct report *r)
{
    for (size_t i = 0; i < r->apply->watched_count; i++) {
        const struct watched *watched = &r->apply->watched[i];
        report_tree(r, title_of(r, watched, NULL), watched->before, watched->after);
        report_fields(r, watched);
    }
}

static enum err_code look_again(struct apply *apply, struct db *db, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < apply->watched_count && !code; i++) {
        struct watched *watched = &apply->watched[i];
        struct show show = show_of(db, apply->arena, watched->business_id);
        code = show_thing(&show, watched->key, &watched->after, err);
    }
    return code;
}

enum err_code apply_report(
    struct apply *apply, struct db *db, bool as_json, struct buf *out, struct error *err)
{
    struct json json = JSON_INTO(out);
    struct report r = {.apply = apply, .out = out, .json = as_json ? &json : NULL};
    enum err_code code = look_again(apply, db, err);
    if (code)
        return code;
    if (as_json) {
        emit_object(&json, NULL);
        emit_array(&json, "changes");
        report_all(&r);
        emit_array_end(&json);
        emit_int(&json, "changed", (int64_t)r.changed);
        emit_int(&json, "unchanged", (int64_t)r.unchanged);
        emit_object_end(&json);
        buf_add_text(out, "\n");
        return ERR_OK;
    }
    report_all(&r);
    if (r.changed)
        buf_printf(out, "= %zu unchanged\n", r.unchanged);
    else
        buf_printf(out, "nothing to change: %zu things are as the file says\n", r.unchanged);
    return ERR_OK;
}
