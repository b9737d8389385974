/*
 * The things of a Business as `herald admin apply` writes them in its files: for `export`, and for what a run has
 * changed. Members that are empty are left out.
 *
 * Any thread, with a connection of its own, or a write's. Trees are kept by the arena.
 */
#ifndef HERALD_CLI_APPLY_SHOW_H
#define HERALD_CLI_APPLY_SHOW_H

#include "crm/field.h"
#include "crm/group.h"
#include "crm/object.h"
#include "crm/record_object.h"
#include "crm/role.h"

#include <jansson.h>

struct show {
    struct db *db;
    struct arena *arena;
    struct actor reader; /* an operator, who may see all of the one Business */
};

struct show show_of(struct db *db, struct arena *arena, struct id business_id);

enum show_kind {
    SHOW_BUSINESS,
    SHOW_GROUP,
    SHOW_ROLE,
    SHOW_EMPLOYEE,
    SHOW_RECORD_OBJECT,
    SHOW_ACTIVITY_OBJECT,
};

/* How a thing is found: by its name, its email, its api_name. */
struct show_key {
    enum show_kind kind;
    const char *text;
};

/* *tree is NULL if there is no such thing. */
enum err_code show_thing(
    const struct show *show, struct show_key key, json_t **tree, struct error *err) MUST_CHECK;

/* A field as it stands among those of its object. */
enum err_code show_field(
    const struct show *show, const struct field *field, json_t **tree, struct error *err) MUST_CHECK;

/* As files have a bound field: "contacts.mobile_phone"; in the arena. ERR_NOT_FOUND. */
enum err_code show_bound(
    const struct show *show, const struct field *field, const char **text, struct error *err) MUST_CHECK;

#endif
