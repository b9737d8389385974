#include "crm/key_use.h"

#include "base/alloc.h"
#include "crm/actor.h"
#include "db/locks.h"

struct key_use {
    struct unit unit; /* first */
    struct id key_id, business_id;
    int64_t at;
};

static struct key_use *use_of(const struct unit *unit)
{
    return CONTAINER_OF(unit, struct key_use, unit);
}

/* Nodes that note the same use change one row between them. */
static enum err_code use_run(struct db *db, struct unit **units, size_t n, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < n && !code; i++) {
        const struct key_use *use = use_of(units[i]);
        code = db_exec(db,
            "UPDATE api_key SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at <= "
            "$3)",
            DB_PARAMS(db_int(use->at), db_id(use->key_id), db_int(use->at - KEY_USE_EVERY_US)), NULL, err);
    }
    return code;
}

/* Whoever revokes a key has its Businesses, and the key if it stands in the path. */
static void use_name_locks(const struct unit *unit, struct lock_list *list)
{
    const struct key_use *use = CONTAINER_OF(unit, const struct key_use, unit);
    lock_list_add(list, use->business_id.bytes, sizeof use->business_id.bytes, false);
    lock_list_add(list, use->key_id.bytes, sizeof use->key_id.bytes, true);
}

/* A use that could not be written down is noted by one of the next minute. */
static void use_done(struct unit *unit)
{
    mem_free(use_of(unit));
}

static void submit(struct writer *writer, const struct actor *actor)
{
    static const struct unit_kind kind = {
        .name = "key use", .run = use_run, .name_locks = use_name_locks, .rides = true};
    struct key_use *use = mem_zalloc(sizeof *use);
    *use = (struct key_use){.unit = {.kind = &kind, .done = use_done},
        .key_id = actor->credential.key_id,
        .business_id = actor->business_id,
        .at = clock_wall_us()};
    struct error ignored;
    if (writer_submit(writer, &use->unit, &ignored))
        mem_free(use);
}

void key_use_note(struct key_uses *uses, struct writer *writer, const struct actor *actor)
{
    struct id key_id = actor->credential.key_id;
    if (!actor->credential.use_is_due)
        return;
    /* the last byte of an id is random */
    size_t place = key_id.bytes[sizeof key_id.bytes - 1] & (KEY_USES - 1);
    int64_t now = clock_boot_us();
    if (id_equal(uses->noted[place].key_id, key_id) && now - uses->noted[place].boot_us < KEY_USE_EVERY_US)
        return;
    uses->noted[place].key_id = key_id;
    uses->noted[place].boot_us = now;
    submit(writer, actor);
}
