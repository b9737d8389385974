/* What `herald admin` can do: one table line and one function a verb. Each answer names what the next step needs. */
#include "base/clock.h"
#include "base/config.h"
#include "base/emit.h"
#include "base/text.h"
#include "cli/admin_job.h"
#include "cli/admin_password.h"
#include "crm/business.h"
#include "crm/check.h"
#include "crm/record.h"
#include "crm/sign_in_link.h"
#include "webhook/delivery.h"

#define OPT(option_name, type, member, preset, help)                                                         \
    {                                                                                                        \
        option_name, type, offsetof(struct words, member), preset, help                                      \
    }
#define NEED(option_name, member, help)                                                                      \
    {                                                                                                        \
        option_name, OPTION_TEXT, offsetof(struct words, member), "", help, .required = true                 \
    }
#define OPT_JSON OPT("json", OPTION_BOOL, json, "no", "Answer as JSON, for programs")
#define OPT_BUSINESS NEED("business", business, "Id of the Business")
#define OPT_ANY_BUSINESS                                                                                     \
    OPT("business", OPTION_TEXT, business, "",                                                               \
        "Name or id of the Business; may be left out while there is only one")
#define OPT_USER NEED("user", user, "Id of the user")
#define OPT_NAME NEED("name", name, "Name")
#define OPT_FIRST NEED("first_name", first_name, "First name")
#define OPT_LAST NEED("last_name", last_name, "Last name")
#define EMAIL_HELP "Email address"

static const struct option business_options[] = {OPT_NAME, OPT_JSON};
static const struct option employee_options[] = {OPT_BUSINESS, OPT_FIRST, OPT_LAST,
    NEED("email", email, EMAIL_HELP),
    OPT("group", OPTION_TEXT, group, NULL, "Id of the permission group to be in; without it: the owners"),
    OPT_JSON};
static const struct option employee_member_options[] = {
    OPT_BUSINESS, NEED("employee", employee, "Id of the employee"), OPT_JSON};
static const struct option employee_list_options[] = {
    OPT_BUSINESS, OPT("inactive", OPTION_BOOL, inactive, "no", "Those who were deactivated"), OPT_JSON};
static const struct option key_options[] = {OPT_USER, OPT_NAME,
    OPT("expires", OPTION_TEXT, expires, NULL, "When it ends by itself, such as 2031-01-01T00:00:00Z"),
    OPT("read_only", OPTION_BOOL, read_only, "no", "It only reads"),
    OPT("business_only", OPTION_TEXT, business_only, NULL, "Id of the Business in which alone it works"),
    OPT_JSON};
static const struct option key_list_options[] = {OPT_USER, OPT_JSON};
static const struct option key_revoke_options[] = {
    NEED("key", key, "Id of the key, as key list shows it"), OPT_JSON};
static const struct option contact_options[] = {
    OPT_BUSINESS, OPT_FIRST, OPT_LAST, OPT("email", OPTION_TEXT, email, "", EMAIL_HELP), OPT_JSON};
static const struct option object_options[] = {OPT_BUSINESS, OPT_NAME,
    OPT("api_name", OPTION_TEXT, api_name, NULL, "Name in the API; derived from the name if left out"),
    OPT("webhook_url", OPTION_TEXT, webhook_url, NULL, "Trigger a webhook to this URL when one is logged"),
    OPT("redirect_url", OPTION_TEXT, redirect_url, NULL, "Send people to this URL when one is logged"),
    OPT("description", OPTION_TEXT, description, NULL, "What it is for"),
    OPT("color", OPTION_TEXT, color, NULL, "Colour in the pages, such as #1f6feb"),
    OPT("icon", OPTION_TEXT, icon, NULL, "Name of an icon, such as phone-call"), OPT_JSON};
static const struct option group_options[] = {OPT_BUSINESS, OPT_NAME,
    OPT("grant", OPTION_TEXT, grant, "", "What it grants, such as activities.view=my,records.view=all"),
    OPT_JSON};
static const struct option group_member_options[] = {OPT_BUSINESS, NEED("group", group, "Id of the group"),
    NEED("employee", employee, "Id of the employee"), OPT_JSON};
static const struct option role_options[] = {OPT_BUSINESS, OPT_NAME, OPT_JSON};
static const struct option assign_options[] = {OPT_BUSINESS, NEED("role", role, "Id of the role"),
    NEED("employee", employee, "Id of the employee who is to hold it, too"), OPT_JSON};
static const struct option link_options[] = {OPT_USER, OPT_BUSINESS, OPT_JSON};
static const struct option password_options[] = {OPT_USER,
    OPT("password", OPTION_TEXT, password, NULL, "Read from the standard input, where nobody else sees it"),
    OPT_JSON};
static const struct option invitation_options[] = {
    OPT_BUSINESS, NEED("employee", employee, "Id of the employee"), OPT_JSON};
static const struct option mail_options[] = {
    {"limit", OPTION_INT, offsetof(struct words, limit), "50", "At most so many, the newest first", 1, 1000},
    OPT_JSON};
static const struct option deliveries_options[] = {OPT_ANY_BUSINESS,
    OPT("state", OPTION_TEXT, state, NULL, "Only pending, delivered or failed ones"),
    {"limit", OPTION_INT, offsetof(struct words, limit), "20", "At most so many, the newest first", 1, 1000},
    OPT_JSON};

static const struct option apply_options[] = {
    NEED("file", file, "The file, in YAML (docs/automation.md); - is the standard input; -f for short"),
    {"text", OPTION_TEXT, offsetof(struct words, text), "", NULL},
    OPT("dry_run", OPTION_BOOL, dry_run, "no", "Only show what would change"), OPT_JSON};

static const struct option export_options[] = {OPT_ANY_BUSINESS};

/* ── what is there ───────────────────────────────────────────────────────────────────────────── */

static const struct option all_options[] = {OPT_JSON};
static const struct option of_business_options[] = {OPT_ANY_BUSINESS, OPT_JSON};
static const struct option object_list_options[] = {
    OPT_ANY_BUSINESS, OPT("archived", OPTION_BOOL, archived, "no", "Archived ones, too"), OPT_JSON};
static const struct option object_show_options[] = {
    OPT_ANY_BUSINESS, NEED("object", object, "Id or api_name of the Activity Object"), OPT_JSON};
static const struct option contact_list_options[] = {OPT_ANY_BUSINESS,
    OPT("search", OPTION_TEXT, search, "", "Only those with these words in name, email or phone"),
    {"limit", OPTION_INT, offsetof(struct words, limit), "50", "At most so many", 1, PAGE_LIMIT_MOST},
    OPT_JSON};

#define AUDIT_FILTERS                                                                                        \
    OPT("employee", OPTION_TEXT, by, NULL, "Only by this employee, an id"),                                  \
        OPT("subject", OPTION_TEXT, subject, NULL, "Only about the thing with this id"),                     \
        OPT("kind", OPTION_TEXT, subject_kind, NULL, "Only about things of this kind, such as role"),        \
        OPT("action", OPTION_TEXT, action, NULL, "Only with this action, such as role.created"),             \
        OPT("after", OPTION_TEXT, after, NULL, "Only at this time or later"),                                \
        OPT("before", OPTION_TEXT, before, NULL, "Only before this time")
static const struct option audit_list_options[] = {OPT_BUSINESS, AUDIT_FILTERS,
    {"limit", OPTION_INT, offsetof(struct words, limit), "20", "At most so many, the newest first", 1,
        PAGE_LIMIT_MOST},
    OPT_JSON};
static const struct option audit_export_options[] = {OPT_BUSINESS, AUDIT_FILTERS,
    OPT("format", OPTION_TEXT, format, "jsonl", "jsonl or csv"),
    OPT("after_entry", OPTION_TEXT, after_entry, NULL,
        "Go on after this entry, the last one of the export before, until there is none")};

static enum err_code business_verb(struct job *job)
{
    struct id id;
    enum err_code code = business_add(job->context->crm, job->words.name, &id, job->err);
    if (code)
        return code;
    const char *text = job_text(job, id);
    job_answer(job, arena_printf(job->arena, "Business \"%s\" is there.", job->words.name),
        &(struct fact){"business_id", text}, 1,
        arena_printf(job->arena,
            "herald admin employee add --business %s --first-name Alex --last-name Rivera --email "
            "alex.rivera@example.com",
            text));
    return ERR_OK;
}

struct contact_job {
    struct record_input input;
    struct record_object object;
    struct record record;
};

static enum err_code add_contact(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct contact_job *adding = ctx;
    enum err_code code = check_business(w->db, w->business_id, err);
    return code
               ? code
               : record_add(w, CONTACT_API_NAME, &adding->input, &adding->object, &adding->record, list, err);
}

static enum err_code contact_verb(struct job *job)
{
    const struct words *words = &job->words;
    struct contact_job adding = {.input = {.first_name = text_nfc(job->arena, words->first_name),
                                     .last_name = text_nfc(job->arena, words->last_name),
                                     .email = text_nfc(job->arena, words->email)}};
    struct error_list list;
    struct id business;
    enum err_code code = job_need_id(job, "business", words->business, &business);
    if (!code)
        code =
            crm_write(job->context->crm, job->arena, NULL, business, add_contact, &adding, &list, job->err);
    if (!code)
        job_answer(job, arena_printf(job->arena, "Contact %s is there.", adding.record.display_name),
            &(struct fact){"contact_id", job_text(job, adding.record.id)}, 1,
            arena_printf(job->arena,
                "herald admin object add --business %s --name \"Sales Call\" --webhook-url "
                "http://127.0.0.1:8090/hooks/sales-calls",
                job_text(job, business)));
    return code;
}

static enum err_code add_object(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct job *job = ctx;
    const struct words *words = &job->words;
    struct object_input input = {.name = words->name,
        .api_name = words->api_name,
        .has = {.description = true,
            .color = true,
            .icon = true,
            .action = words->webhook_url != NULL,
            .webhook_url = words->webhook_url != NULL,
            .redirect_url = words->redirect_url != NULL},
        .description = words->description,
        .color = words->color,
        .icon = words->icon,
        .action = SUBMIT_TRIGGER_WEBHOOK,
        .webhook_url = words->webhook_url,
        .redirect_url = words->redirect_url};
    return object_add(w, &input, &job->object, list, err);
}

static enum err_code object_verb(struct job *job)
{
    if (job->words.webhook_url && job->words.redirect_url)
        return error_set(job->err, ERR_INVALID,
            "--webhook-url and --redirect-url: only one of them; logging either triggers a webhook or "
            "redirects");
    enum err_code code = job_need_id(job, "business", job->words.business, &job->business);
    if (!code)
        code = job_commit(job, add_object);
    if (code)
        return code;
    const struct activity_object *object = &job->object;
    struct fact facts[] = {{"activity_object_id", job_text(job, object->id)}, {"api_name", object->api_name}};
    job_answer(job,
        arena_printf(job->arena, "Activity Object \"%s\" is there; logging one %s.", object->name,
            object_has_webhook(object) ? "triggers its webhook" : "triggers no webhook"),
        facts, 2,
        arena_printf(job->arena,
            "%scurl %s/api/activities/logged -H 'Content-Type: application/json' -H 'X-API-KEY: <api_key>' "
            "-H 'X-BUSINESS-ID: %s' -H 'X-USER-ID: <user_id>' -d '{\"activity_object_id\": \"%s\", "
            "\"associated_entities\": [{\"id\": \"<contact_id>\"}]}'",
            object_has_webhook(object) ? "start the receiver (docs/relay.md), then: " : "",
            job->context->public_url, job_text(job, job->business), facts[0].value));
    return ERR_OK;
}

static enum err_code add_role(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    struct job *job = ctx;
    return role_add(w, text_nfc(job->arena, job->words.name), &job->role, list, err);
}

static enum err_code role_verb(struct job *job)
{
    enum err_code code = job_need_id(job, "business", job->words.business, &job->business);
    if (!code)
        code = job_commit(job, add_role);
    if (code)
        return code;
    const char *id = job_text(job, job->role.id);
    job_answer(job, arena_printf(job->arena, "Role \"%s\" is there; nobody holds it yet.", job->role.name),
        &(struct fact){"role_id", id}, 1,
        arena_printf(job->arena, "herald admin role assign --business %s --role %s --employee <employee_id>",
            job_text(job, job->business), id));
    return ERR_OK;
}

static enum err_code assign_role(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    struct job *job = ctx;
    return role_assign(w, job->role.id, job->employee, &job->role, err);
}

static enum err_code assign_verb(struct job *job)
{
    enum err_code code = job_need_id(job, "business", job->words.business, &job->business);
    if (!code)
        code = job_need_id(job, "role", job->words.role, &job->role.id);
    if (!code)
        code = job_need_id(job, "employee", job->words.employee, &job->employee);
    if (!code)
        code = job_commit(job, assign_role);
    if (code)
        return code;
    struct fact facts[] = {{"role_id", job_text(job, job->role.id)},
        {"member_count", arena_printf(job->arena, "%lld", (long long)job->role.member_count)}};
    job_answer(job, arena_printf(job->arena, "The employee holds the role \"%s\" now.", job->role.name),
        facts, 2, NULL);
    return ERR_OK;
}

static enum err_code add_token(struct write *w, void *ctx, struct error_list *list, struct error *err)
{
    (void)list;
    struct job *job = ctx;
    return sign_in_token_add(w, job->user, &job->secret, err);
}

static enum err_code link_verb(struct job *job)
{
    enum err_code code = job_need_id(job, "user", job->words.user, &job->user);
    if (!code)
        code = job_need_id(job, "business", job->words.business, &job->business);
    if (!code)
        code = job_commit(job, add_token);
    if (!code)
        job_answer(job, "A sign-in link; it works once, for ten minutes.",
            &(struct fact){"link",
                arena_printf(job->arena, "%s/sign-in#token=%s", job->context->public_url, job->secret)},
            1, NULL);
    return code;
}

/* ── deliveries ──────────────────────────────────────────────────────────────────────────────── */

static void print_attempt(struct buf *out, const struct delivery_attempt *a)
{
    buf_printf(out, "    attempt %d  %s  %s", a->number, time_format(a->started_at).text,
        a->succeeded ? "delivered" : "failed");
    if (a->status)
        buf_printf(out, "  status %d", a->status);
    buf_printf(out, "  %.1f ms", (double)a->total_us / 1000.0);
    if (a->error_class)
        buf_printf(out, "  %s: %s", a->error_class, a->detail);
    buf_printf(out, "%s\n", a->recovered ? "  (recovered)" : "");
}

static void print_delivery(struct buf *out, const struct delivery *d)
{
    buf_printf(out, "%s  %-9s  %s  activity %s\n    GET %s\n", time_format(d->created_at).text,
        delivery_state_name(d->state), d->object_name, id_format(d->activity_id).text, d->url);
    for (size_t i = 0; i < d->attempt_count; i++)
        print_attempt(out, &d->attempts[i]);
}

static void emit_deliveries(struct buf *out, const struct delivery *list, size_t count)
{
    struct json json = JSON_INTO(out);
    emit_object(&json, NULL);
    emit_array(&json, "results");
    for (size_t i = 0; i < count; i++) {
        emit_object(&json, NULL);
        emit_id(&json, "id", list[i].id);
        emit_id(&json, "logged_activity_id", list[i].activity_id);
        emit_text(&json, "activity_object", list[i].object_name);
        emit_text(&json, "state", delivery_state_name(list[i].state));
        emit_text(&json, "url", list[i].url);
        emit_time(&json, "created_at", list[i].created_at);
        emit_array(&json, "attempts");
        for (size_t j = 0; j < list[i].attempt_count; j++) {
            const struct delivery_attempt *a = &list[i].attempts[j];
            emit_object(&json, NULL);
            emit_int(&json, "number", a->number);
            emit_bool(&json, "succeeded", a->succeeded);
            emit_int(&json, "status", a->status);
            emit_text(&json, "error_class", a->error_class);
            emit_text(&json, "detail", a->detail);
            emit_int(&json, "total_us", a->total_us);
            emit_object_end(&json);
        }
        emit_array_end(&json);
        emit_object_end(&json);
    }
    emit_array_end(&json);
    emit_object_end(&json);
    buf_add_text(out, "\n");
}

static enum err_code deliveries_verb(struct job *job)
{
    CLEANUP(db_close_ptr) struct db *db = NULL;
    struct delivery_filter filter = {.by_state = job->words.state != NULL};
    if (job->words.state && !delivery_state_parse(job->words.state, &filter.state))
        return error_set(job->err, ERR_INVALID, "--state must be pending, delivered or failed");
    struct page page = {.limit = (size_t)job->words.limit};
    struct actor operator= {.access = &access_operator};
    struct business business = {0};
    enum err_code code = db_open(job->context->db, true, &db, job->err);
    if (!code)
        code = job_find_business(job, db, &business);
    operator.business_id = business.id;
    struct delivery *list;
    size_t count = 0;
    if (!code)
        code = delivery_list(db, job->arena, &operator, & filter, &page, &list, &count, job->err);
    if (code)
        return code;
    if (job->words.json)
        emit_deliveries(job->out, list, count);
    else if (count == 0)
        buf_add_text(job->out, "No deliveries.\n");
    else
        for (size_t i = 0; i < count; i++)
            print_delivery(job->out, &list[i]);
    return ERR_OK;
}

/* ── the table ───────────────────────────────────────────────────────────────────────────────── */

struct verb {
    const char *noun, *verb; /* verb NULL: the noun alone */
    const char *help;
    const struct option *options;
    size_t option_count;
    enum err_code (*run)(struct job *job);
};

#define VERB(noun, verb, help, options, run)                                                                 \
    {                                                                                                        \
        noun, verb, help, options, ARRAY_LEN(options), run                                                   \
    }

static const struct verb verbs[] = {
    VERB("business", "add", "Make a Business, the tenant", business_options, business_verb),
    VERB("business", "list", "List all Businesses", all_options, business_list_verb),
    VERB("business", "show", "Show one Business", of_business_options, business_show_verb),
    VERB("employee", "add", "Make a user an employee of a Business", employee_options, employee_verb),
    VERB("employee", "list", "Show the employees of a Business", employee_list_options, employee_list_verb),
    VERB("employee", "deactivate", "End an employee's work: their keys and sessions stop at once",
        employee_member_options, employee_deactivate_verb),
    VERB("employee", "activate", "Let a deactivated employee work again", employee_member_options,
        employee_activate_verb),
    VERB("employee", "password", "Set a user's password, and sign them out everywhere", password_options,
        password_verb),
    VERB("key", "add", "Make an API key for a user", key_options, key_verb),
    VERB("key", "list", "Show a user's API keys, without their secrets", key_list_options, key_list_verb),
    VERB("key", "revoke", "End an API key at once, for good", key_revoke_options, key_revoke_verb),
    VERB("contact", "add", "Make a contact", contact_options, contact_verb),
    VERB("contact", "list", "List contacts, by name", contact_list_options, contact_list_verb),
    VERB("object", "add", "Make an Activity Object, a type of activity", object_options, object_verb),
    VERB("object", "list", "List Activity Objects", object_list_options, object_list_verb),
    VERB(
        "object", "show", "Show an Activity Object as apply takes it", object_show_options, object_show_verb),
    VERB("role", "add", "Make a role, to which work can be assigned", role_options, role_verb),
    VERB("role", "assign", "Have an employee hold a role", assign_options, assign_verb),
    VERB("role", "list", "List roles", of_business_options, role_list_verb),
    VERB("group", "add", "Make a permission group", group_options, group_verb),
    VERB("group", "assign", "Put an employee into a permission group", group_member_options,
        group_assign_verb),
    VERB("group", "remove", "Take an employee out of a permission group", group_member_options,
        group_remove_verb),
    VERB(
        "group", "list", "List permission groups with what they grant", of_business_options, group_list_verb),
    VERB("audit", "list", "Show who changed what, newest first", audit_list_options, audit_list_verb),
    VERB("audit", "export", "The audit log as lines, oldest first, some thousand at once",
        audit_export_options, audit_export_verb),
    VERB("sign-in-link", NULL, "Make a one-time link to the pages", link_options, link_verb),
    VERB("apply", NULL, "Make Businesses what a file says", apply_options, apply_verb),
    VERB("export", NULL, "Print a Business as a file for apply", export_options, export_verb),
    VERB("invitation", NULL, "Make a link with which an employee chooses a password", invitation_options,
        invitation_verb),
    VERB("mail", "list", "Show emails that wait to be sent, and those that cannot be", mail_options,
        mail_list_verb),
    VERB("deliveries", NULL, "Show deliveries with their attempts", deliveries_options, deliveries_verb),
};

static const struct verb *find_verb(int argc, char **argv, int *words)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (argc < 1 || strcmp(verbs[i].noun, argv[0]) != 0)
            continue;
        *words = verbs[i].verb ? 2 : 1;
        if (!verbs[i].verb || (argc > 1 && strcmp(verbs[i].verb, argv[1]) == 0))
            return &verbs[i];
    }
    return NULL;
}

static bool is_asked_for(const struct verb *verb, int argc, char **argv)
{
    if (argc < 1 || strcmp(argv[0], verb->noun) != 0)
        return argc < 1;
    return argc < 2 || !verb->verb || strcmp(argv[1], verb->verb) == 0;
}

size_t admin_help(int argc, char **argv, struct buf *out)
{
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        const struct verb *verb = &verbs[i];
        if (!is_asked_for(verb, argc, argv))
            continue;
        count++;
        buf_printf(out, "%s%s%s\n    %s\n", verb->noun, verb->verb ? " " : "", verb->verb ? verb->verb : "",
            verb->help);
        config_help(verb->options, verb->option_count, out);
    }
    return count;
}

static enum err_code need_required(const struct verb *verb, const struct words *words, struct error *err)
{
    for (size_t i = 0; i < verb->option_count; i++) {
        const struct option *option = &verb->options[i];
        if (!option->required || **(const char *const *)((const char *)words + option->offset))
            continue;
        char flag[64];
        snprintf(flag, sizeof flag, "%s", option->name);
        for (char *c = flag; *c; c++)
            *c = *c == '_' ? '-' : *c;
        return error_set(err, ERR_INVALID, "%s%s%s needs --%s", verb->noun, verb->verb ? " " : "",
            verb->verb ? verb->verb : "", flag);
    }
    return ERR_OK;
}

/* The last of two would count, and the first be lost without a word. */
static bool is_repeated(char **argv, int first, int at)
{
    size_t len = strcspn(argv[at], "=");
    for (int i = first; i < at; i++)
        if (strcspn(argv[i], "=") == len && strncmp(argv[i], argv[at], len) == 0)
            return true;
    return false;
}

static enum err_code parse(struct arena *arena, int argc, char **argv, const struct verb **found,
    struct words *words, struct error *err)
{
    int at = 0;
    const struct verb *verb = *found = find_verb(argc, argv, &at);
    if (!verb)
        return error_set(err, ERR_INVALID,
            "'%s%s%s' is not something herald admin does; see herald admin --help", argc > 0 ? argv[0] : "",
            argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
    config_preset(arena, verb->options, verb->option_count, words);
    for (const int first = at; at < argc;) {
        bool known;
        const char *word = argv[at];
        if (strncmp(word, "--", 2) == 0 && is_repeated(argv, first, at))
            return error_set(err, ERR_INVALID, "%.*s is given twice", (int)strcspn(word, "="), word);
        enum err_code code =
            config_from_flag(arena, verb->options, verb->option_count, argc, argv, &at, words, &known, err);
        if (code)
            return code;
        if (!known)
            return error_set(err, ERR_INVALID, "'%s' is not an option of %s%s%s; see --help", word,
                verb->noun, verb->verb ? " " : "", verb->verb ? verb->verb : "");
    }
    return need_required(verb, words, err);
}

enum err_code admin_check(
    struct arena *arena, int argc, char **argv, struct admin_needs *needs, struct error *err)
{
    const struct verb *verb;
    struct words words = {0};
    *needs = (struct admin_needs){0};
    enum err_code code = parse(arena, argc, argv, &verb, &words, err);
    if (code)
        return code;
    needs->begins = verb->run == business_verb || verb->run == apply_verb;
    needs->password = verb->run == password_verb;
    if (words.password)
        return error_set(err, ERR_INVALID,
            "a password is read from the standard input: others could see it among the words of a command");
    return ERR_OK;
}

enum err_code admin_run(const struct admin_context *context, struct arena *arena, int argc, char **argv,
    struct buf *out, struct error *err)
{
    struct job job = {.context = context, .arena = arena, .out = out, .err = err};
    const struct verb *verb;
    enum err_code code = parse(arena, argc, argv, &verb, &job.words, err);
    return code ? code : verb->run(&job);
}
