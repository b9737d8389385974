#include "crm/facts.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <sodium.h>
#include <stdatomic.h>

#define SLOTS 128 /* a power of two; two entries that want the same one take turns */

/* What an entry is about, as one number that nobody can make another input for. Keys themselves are not kept. */
struct digest {
    unsigned char bytes[32];
};

/* Immutable once made, so that a request may go on using it on other threads after it was replaced. */
struct entry {
    atomic_size_t holds; /* the slot, and each arena that was given it */
    struct arena *arena; /* of the texts */
    struct digest about;
    int64_t read_boot_us;
    struct actor actor;
    struct activity_type type;
};

struct facts {
    struct entry *actors[SLOTS], *types[SLOTS], *access[SLOTS];
    struct key_uses uses;
};

static void release(void *thing)
{
    struct entry *entry = thing;
    if (!entry || atomic_fetch_sub(&entry->holds, 1) != 1)
        return;
    arena_free(entry->arena);
    mem_free(entry);
}

struct facts *facts_new(void)
{
    return mem_zalloc(sizeof(struct facts));
}

void facts_free(struct facts *facts)
{
    if (!facts)
        return;
    for (size_t i = 0; i < SLOTS; i++) {
        release(facts->actors[i]);
        release(facts->types[i]);
        release(facts->access[i]);
    }
    mem_free(facts);
}

static struct digest digest_of(struct id a, struct id b, const char *text)
{
    struct digest digest;
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof digest.bytes);
    crypto_generichash_update(&state, a.bytes, sizeof a.bytes);
    crypto_generichash_update(&state, b.bytes, sizeof b.bytes);
    crypto_generichash_update(&state, (const unsigned char *)text, strlen(text));
    crypto_generichash_final(&state, digest.bytes, sizeof digest.bytes);
    return digest;
}

static struct entry **slot_of(struct entry **slots, const struct digest *about)
{
    return &slots[about->bytes[0] & (SLOTS - 1)];
}

static bool is_about(const struct entry *entry, const struct digest *about)
{
    return entry && sodium_memcmp(entry->about.bytes, about->bytes, sizeof about->bytes) == 0;
}

/* The entry stays as long as the arena does. */
static const struct entry *lend(struct entry *entry, struct arena *arena)
{
    atomic_fetch_add(&entry->holds, 1);
    arena_keep(arena, release, entry);
    return entry;
}

static struct entry *entry_new(const struct digest *about)
{
    struct entry *entry = mem_zalloc(sizeof *entry);
    entry->holds = 1;
    entry->arena = arena_new();
    entry->about = *about;
    entry->read_boot_us = clock_boot_us();
    return entry;
}

static void replace(struct entry **slot, struct entry *entry)
{
    release(*slot);
    *slot = entry;
}

enum err_code facts_access(
    struct facts *facts, struct db *db, struct arena *arena, struct actor *actor, struct error *err)
{
    struct digest about = digest_of(actor->business_id, actor->employee.id, "access");
    struct entry **slot = slot_of(facts->access, &about);
    if (!is_about(*slot, &about) || (*slot)->actor.settings_version != actor->settings_version) {
        struct entry *entry = entry_new(&about);
        entry->actor.settings_version = actor->settings_version;
        enum err_code code = access_load(db, entry->arena, actor, &entry->actor.access, err);
        if (code) {
            release(entry);
            return code;
        }
        replace(slot, entry);
    }
    actor->access = lend(*slot, arena)->actor.access;
    return ERR_OK;
}

enum err_code facts_actor(struct facts *facts, struct db *db, struct arena *arena, const char *key,
    struct id business_id, struct id user_id, bool fresh, struct actor *actor, bool *remembered,
    struct error *err)
{
    struct digest about = digest_of(business_id, user_id, key);
    struct entry **slot = slot_of(facts->actors, &about);
    bool known = is_about(*slot, &about) && clock_boot_us() - (*slot)->read_boot_us < FACTS_AGE_US &&
                 credential_lasts(&(*slot)->actor.credential);
    *remembered = known && !fresh;
    if (!*remembered) {
        struct entry *entry = entry_new(&about);
        enum err_code code = actor_by_key(db, entry->arena, key, business_id, user_id, &entry->actor, err);
        if (!code)
            code = facts_access(facts, db, entry->arena, &entry->actor, err);
        if (code) {
            release(entry);
            return code;
        }
        replace(slot, entry);
    }
    *actor = lend(*slot, arena)->actor;
    return ERR_OK;
}

struct key_uses *facts_key_uses(struct facts *facts)
{
    return &facts->uses;
}

/* Rules are read before fields; see rule.h. */
enum err_code activity_type_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    const char *api_name, struct activity_type *type, struct error *err)
{
    struct activity_object *object = &type->object;
    *type = (struct activity_type){0};
    enum err_code code = object_read_open(db, arena, actor, id, api_name, object, err);
    if (!code && object->rule_count)
        code = rules_read(db, arena, actor->business_id, object->id, &type->fields, &type->rules, err);
    else if (!code && object->field_count)
        code = fields_read(db, arena, actor->business_id, object->id, &type->fields, err);
    return code;
}

enum err_code facts_type(struct facts *facts, struct db *db, struct arena *arena, const struct actor *actor,
    struct id id, const char *api_name, const struct activity_type **type, struct error *err)
{
    struct digest about = digest_of(actor->business_id, id, api_name ? api_name : "");
    struct entry **slot = slot_of(facts->types, &about);
    if (!is_about(*slot, &about) || (*slot)->actor.settings_version != actor->settings_version) {
        struct entry *entry = entry_new(&about);
        entry->actor.settings_version = actor->settings_version;
        enum err_code code = activity_type_read(db, entry->arena, actor, id, api_name, &entry->type, err);
        if (code) {
            release(entry);
            return code;
        }
        replace(slot, entry);
    }
    *type = &lend(*slot, arena)->type;
    return ERR_OK;
}
