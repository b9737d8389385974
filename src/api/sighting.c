#include "api/sighting.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "crm/session.h"
#include "db/locks.h"

#define SLOTS 256 /* a power of two; two sessions that want the same one take turns */

struct sightings {
    struct {
        struct id session;
        int64_t noted_boot_us;
    } slots[SLOTS];
};

struct sightings *sightings_new(void)
{
    return mem_zalloc(sizeof(struct sightings));
}

void sightings_free(struct sightings *sightings)
{
    mem_free(sightings);
}

/* ── the write ───────────────────────────────────────────────────────────────────────────────── */

struct sighting {
    struct unit unit; /* first */
    struct id session;
    int64_t at;
};

static const struct sighting *sighting_of(const struct unit *unit)
{
    return CONTAINER_OF(unit, const struct sighting, unit);
}

static enum err_code run(struct db *db, struct unit **units, size_t n, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; !code && i < n; i++) {
        const struct sighting *sighting = sighting_of(units[i]);
        code = session_seen(db, sighting->session, sighting->at, err);
    }
    return code;
}

static void name_locks(const struct unit *unit, struct lock_list *list)
{
    const struct sighting *sighting = sighting_of(unit);
    lock_list_add(list, sighting->session.bytes, sizeof sighting->session.bytes, true);
}

/* If it failed, another request will note it. */
static void done(struct unit *unit)
{
    mem_free(CONTAINER_OF(unit, struct sighting, unit));
}

static void submit(struct crm *crm, struct id session, int64_t at)
{
    static const struct unit_kind kind = {
        .name = "sighting", .run = run, .name_locks = name_locks, .rides = true};
    struct sighting *sighting = mem_zalloc(sizeof *sighting);
    *sighting = (struct sighting){.unit = {.kind = &kind, .done = done}, .session = session, .at = at};
    if (writer_submit(crm->writer, &sighting->unit, NULL))
        mem_free(sighting);
}

void sighting_note(struct sightings *sightings, struct crm *crm, const struct credential *session)
{
    int64_t now = clock_wall_us(), boot = clock_boot_us();
    if (now - session->seen_at < SESSION_SEEN_US)
        return;
    size_t i = session->session_id.bytes[sizeof session->session_id.bytes - 1] & (SLOTS - 1);
    bool noted = id_equal(sightings->slots[i].session, session->session_id) &&
                 boot - sightings->slots[i].noted_boot_us < SESSION_SEEN_US;
    if (noted)
        return;
    sightings->slots[i].session = session->session_id;
    sightings->slots[i].noted_boot_us = boot;
    submit(crm, session->session_id, now);
}
