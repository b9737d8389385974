/* API keys: who holds one is the User it belongs to. Owns the table api_key. */
#ifndef HERALD_CRM_KEY_H
#define HERALD_CRM_KEY_H

#include "crm/crm.h"

#define API_KEY_PREFIX "hk_"

/* ── inside the writer's transaction ─────────────────────────────────────────────────────────── */

/* The secret is returned in the arena, this once. ERR_NOT_FOUND. */
enum err_code api_key_add(
    struct write *w, struct id user_id, const char *name, const char **secret, struct error *err) MUST_CHECK;

#endif
