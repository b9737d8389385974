#include "base/clock.h"
#include "base/emit.h"
#include "cli/admin.h"
#include "cli/demo.h"
#include "net/local.h"

#include <string.h>

#define WORDS_MOST 32
#define ANSWER_MOST (1 << 20)

/* ── made through the administration socket ──────────────────────────────────────────────────── */

/* One fact of the answer as JSON. */
static enum err_code fact_of(
    struct arena *arena, const struct buf *answer, const char *name, const char **fact, struct error *err)
{
    json_auto_t *facts = json_loadb(buf_text(answer), answer->len, 0, NULL);
    const char *value = json_string_value(json_object_get(facts, name));
    if (!value)
        return error_set(err, ERR_INTERNAL, "the administration gave no %s", name);
    *fact = arena_strdup(arena, value);
    return ERR_OK;
}

/* herald admin WORDS…, by the server that runs: the answer's fact of that name. */
static enum err_code ask_admin(
    struct demo *demo, const char *const *words, const char *name, const char **fact, struct error *err)
{
    char *argv[WORDS_MOST + 1];
    int argc = 0;
    for (; *words && argc < WORDS_MOST - 1; words++)
        argv[argc++] = arena_strdup(demo->arena, *words);
    argv[argc++] = arena_strdup(demo->arena, "--json");
    struct buf answer = BUF_INIT(ANSWER_MOST);
    bool served;
    enum err_code code = admin_ask_server(demo->arena, demo->serve_data, argc, argv, &answer, &served, err);
    if (!code && !served)
        code = error_set(err, ERR_UNAVAILABLE, "herald serve does not answer at its administration socket");
    if (!code)
        code = fact_of(demo->arena, &answer, name, fact, err);
    buf_free(&answer);
    return code;
}

#define WORDS(...)                                                                                           \
    (const char *const[])                                                                                    \
    {                                                                                                        \
        __VA_ARGS__, NULL                                                                                    \
    }

static enum err_code make_people(struct demo *demo, struct error *err)
{
    struct world *w = &demo->world;
    enum err_code code = ask_admin(
        demo, WORDS("business", "add", "--name", "Acme Field Services"), "business_id", &w->business_id, err);
    if (!code)
        code = ask_admin(demo,
            WORDS("employee", "add", "--business", w->business_id, "--first-name", "Alex", "--last-name",
                "Rivera", "--email", "alex.rivera@example.com"),
            "user_id", &w->user_id, err);
    if (!code)
        code = ask_admin(
            demo, WORDS("key", "add", "--user", w->user_id, "--name", "demo"), "api_key", &w->api_key, err);
    if (!code)
        code = ask_admin(demo,
            WORDS("contact", "add", "--business", w->business_id, "--first-name", "Maria", "--last-name",
                "Thompson", "--email", "maria.thompson@example.com"),
            "contact_id", &w->contact_id, err);
    return code;
}

/* Both addresses are the tap's: it would see a webhook that should not be. */
static enum err_code make_objects(struct demo *demo, struct error *err)
{
    struct world *w = &demo->world;
    const char *tap = server_address(demo->tap.server);
    enum err_code code = ask_admin(demo,
        WORDS("object", "add", "--business", w->business_id, "--name", "Sales Call", "--webhook-url",
            arena_printf(demo->arena, "http://%s" TAP_HOOK, tap)),
        "activity_object_id", &w->sales_call_id, err);
    if (!code)
        code = ask_admin(demo,
            WORDS("object", "add", "--business", w->business_id, "--name", "Site Visit", "--redirect-url",
                arena_printf(demo->arena, "http://%s" TAP_VISITED, tap)),
            "activity_object_id", &w->site_visit_id, err);
    return code;
}

enum err_code world_make(struct demo *demo, struct error *err)
{
    enum err_code code = make_people(demo, err);
    return code ? code : make_objects(demo, err);
}

enum err_code world_sign_in_link(struct demo *demo, const char **link, struct error *err)
{
    const struct world *w = &demo->world;
    return ask_admin(
        demo, WORDS("sign-in-link", "--user", w->user_id, "--business", w->business_id), "link", link, err);
}

/* ── asked through the HTTP API ──────────────────────────────────────────────────────────────── */

enum err_code world_ask(struct demo *demo, const char *method, const char *target, const char *body,
    struct api_answer *answer, struct error *err)
{
    const struct world *w = &demo->world;
    const char *headers[] = {arena_printf(demo->arena, "X-API-KEY: %s", w->api_key),
        arena_printf(demo->arena, "X-BUSINESS-ID: %s", w->business_id),
        arena_printf(demo->arena, "X-USER-ID: %s", w->user_id),
        body ? "Content-Type: application/json" : NULL, NULL};
    struct local_request request = {.address = demo->tap.serve,
        .method = method,
        .target = target,
        .headers = headers,
        .body = body,
        .body_len = body ? strlen(body) : 0,
        .timeout_us = DEMO_PATIENCE_US};
    struct local_answer raw = {.body = BUF_INIT(ANSWER_MOST)};
    *answer = (struct api_answer){.started_us = clock_boot_us()};
    enum err_code code = local_send(&request, &raw, err);
    answer->took_us = clock_boot_us() - answer->started_us;
    answer->status = raw.status;
    answer->json = json_loadb(buf_text(&raw.body), raw.body.len, 0, NULL);
    buf_free(&raw.body);
    return code;
}
