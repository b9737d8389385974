/*
 * What the files of `herald admin apply` share. A run goes through the file once, inside one transaction of the writer:
 *
 *      shape       is it a file that can be understood at all (apply_shape.c)
 *      watch       every thing that the file names, as it is now (apply_report.c, by apply_show.c)
 *      write       each thing as the file says, by the functions that the API uses (apply_people.c, apply_objects.c,
 *                  apply_fields.c)
 *      report      the same things again; what differs is what the run has done (apply_report.c)
 *
 * What is refused is noted with its line, and the run goes on, so that all is told at once; at its end nothing of it is
 * kept. A dry run is the same run, whose transaction is always rolled back.
 *
 * The thread of whoever waits reads the file; all else is on the writer's.
 */
#ifndef HERALD_CLI_APPLY_INTERNAL_H
#define HERALD_CLI_APPLY_INTERNAL_H

#include "base/buf.h"
#include "base/yaml.h"
#include "cli/apply_show.h"

/* A place in the file: a node, or a member that is not there (`node` NULL, and the line of what lacks it). */
struct at {
    const struct yaml *node;
    int line;
    const char *path; /* JSON pointer */
};

struct problem {
    int line;
    const char *text; /* "/businesses/0/name: …" */
};

struct watched {
    struct at at;
    struct show_key key;
    struct id business_id;
    const char *business; /* its name, where the file has several; else NULL */
    json_t *before, *after; /* as apply_show.h has them; NULL: it was not there */
};

struct apply {
    struct arena *arena;
    const char *file; /* as messages call it */
    const struct yaml *root;
    bool dry_run;
    struct problem *problems;
    size_t problem_count; /* all; those over APPLY_PROBLEMS_MOST are only counted */
    struct watched *watched;
    size_t watched_count, watched_room;
    struct error_list list; /* of the write that is under way; apply_settle empties it */
};

#define APPLY_PROBLEMS_MOST 200

/* A Business at work. */
struct tenant {
    struct apply *apply;
    struct write write; /* bound to it */
    struct show show; /* likewise */
    struct at at;
};

/* ── the file (apply_shape.c) ────────────────────────────────────────────────────────────────────── */

/* Notes all that no run could understand: unknown members, texts where lists belong, keys that are there twice. */
void apply_check_shape(struct apply *apply);

/* `name` is a constant. */
struct at apply_member(struct apply *apply, struct at at, const char *name);
struct at apply_item(struct apply *apply, struct at at, size_t i);
size_t apply_count(struct at list); /* 0 where there is none */
/* The member's text in NFC; NULL where it is not there, or null. */
const char *apply_text(struct apply *apply, struct at at, const char *name);
/* That of a list's element, which is one. */
const char *apply_word(struct apply *apply, struct at at);
bool apply_has(struct at at, const char *name); /* null counts as there */
bool apply_bool(struct at at, const char *name);
/* Any node as JSON, in the run's arena: true, false, null and whole numbers only where they are written without quotes. */
json_t *apply_json(struct apply *apply, const struct yaml *node);

/* ── what is wrong (apply_report.c) ──────────────────────────────────────────────────────────────── */

void apply_complain(struct apply *apply, struct at at, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * What came of a write whose refusals are in apply->list, relative to `at`: ERR_OK; ERR_INVALID when it was refused,
 * which is noted then; else what ends the run.
 */
enum err_code apply_settle(struct apply *apply, struct at at, enum err_code code, const struct error *why,
    struct error *err) MUST_CHECK;

static inline bool apply_ends(enum err_code code)
{
    return code && code != ERR_INVALID;
}

/* Remembers a thing as it is now. `is_new`: it was made a moment ago, by this run. */
enum err_code apply_watch(
    struct tenant *t, struct at at, struct show_key key, bool is_new, struct error *err) MUST_CHECK;

/* Looks at all of them again, and tells the difference. */
enum err_code apply_report(
    struct apply *apply, struct db *db, bool as_json, struct buf *out, struct error *err) MUST_CHECK;
/* "FILE:12: /businesses/0/name: …" for each problem, by line. */
void apply_print_problems(struct apply *apply, struct buf *out);

/* ── the run (apply.c) ───────────────────────────────────────────────────────────────────────────── */

/*
 * Goes through a list of the Business; what is refused of one keeps none of the others back. Each has a tenant of its
 * own, whose arenas go with it.
 */
typedef enum err_code apply_step_fn(struct tenant *t, struct at at, struct error *err);
enum err_code apply_each(
    struct tenant *t, const char *list_name, apply_step_fn *step, struct error *err) MUST_CHECK;

/* ── the things ──────────────────────────────────────────────────────────────────────────────────── */

/* ERR_OK also where something was refused, which has been noted. */
enum err_code apply_groups(struct tenant *t, struct error *err) MUST_CHECK;
enum err_code apply_roles(struct tenant *t, struct error *err) MUST_CHECK;
enum err_code apply_employees(struct tenant *t, struct error *err) MUST_CHECK;
enum err_code apply_record_objects(struct tenant *t, struct error *err) MUST_CHECK;
enum err_code apply_activity_objects(struct tenant *t, struct error *err) MUST_CHECK;
/* What could not be archived while Activity Objects wrote into it. */
enum err_code apply_record_archive(struct tenant *t, struct error *err) MUST_CHECK;

/* Whether the file itself has a thing of that kind, which then has been refused: nothing more is said of it. */
bool apply_declares(struct tenant *t, const char *kind, const char *key_name, const char *key);

/* A node as a value of a field of that type: what is a text stays one, however it looks. */
json_t *apply_plain_value(struct apply *apply, struct at at, enum field_type type);

/* The same for a default or a condition: an employee's email becomes the id. ERR_INVALID: noted. */
enum err_code apply_value(
    struct tenant *t, struct at at, enum field_type type, json_t **value, struct error *err) MUST_CHECK;

/* What of the fields is done at one time. */
enum fields_step {
    FIELDS_GO_EARLY, /* archive what nothing needs any more even now; what is refused comes again */
    FIELDS_WRITE, /* make, change and restore */
    FIELDS_GO, /* archive */
};

/* The fields of one object, as the file has them in `at`/fields. `holder` has the version before, and after it. */
enum err_code apply_fields(struct tenant *t, struct at at, struct field_holder *holder, enum fields_step step,
    struct error *err) MUST_CHECK;
enum err_code apply_rules(
    struct tenant *t, struct at at, struct id object_id, int64_t *version, struct error *err) MUST_CHECK;

#endif
