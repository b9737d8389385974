#include "crm/employee_list.h"

#include "crm/check.h"
#include "crm/search.h"

#define PERSON_COLUMNS "id, first_name, last_name, display_name, email "
#define SCAN_ROWS 100 /* employees read at a time while searching */
#define CHECK_ROWS 16 /* ids in one question */

static void take_person(struct db_rows *rows, struct arena *arena, struct person *person)
{
    *person = (struct person){.id = db_col_id(rows, 0),
        .first_name = db_col_text_copy(rows, 1, arena),
        .last_name = db_col_text_copy(rows, 2, arena),
        .display_name = db_col_text_copy(rows, 3, arena),
        .email = db_col_text_copy(rows, 4, arena)};
}

/* ── searching ───────────────────────────────────────────────────────────────────────────────── */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* `folded` is what is looked for, folded. */
static bool person_matches(struct db_rows *rows, struct arena *scratch, const char *folded)
{
    if (!folded)
        return true;
    if (begins(search_fold(scratch, db_col_text(rows, 4)), folded))
        return true;
    const char *name = search_fold(scratch, db_col_text(rows, 3));
    for (const char *word = name; *word; word += strspn(word, " -")) {
        if (begins(word, folded))
            return true;
        word += strcspn(word, " -");
    }
    return false;
}

/* A list on its way. */
struct scan {
    struct db *db;
    struct arena *arena;
    struct id business_id;
    const char *folded; /* NULL: all */
    bool back, active;
    struct page_key at; /* the last row that was looked at */
    struct person *people;
    size_t count, most;
};

static enum err_code scan_query(struct scan *scan, size_t limit, struct db_rows **rows, struct error *err)
{
    struct db_value values[] = {db_id(scan->business_id), db_text(scan->at.text), db_id(scan->at.id),
        db_int((int64_t)limit), db_int(scan->active)};
    struct db_params params = {values, ARRAY_LEN(values)};
    return scan->back
               ? db_query(scan->db,
                     "SELECT " PERSON_COLUMNS "FROM employee WHERE business_id = $1 AND active = $5 AND "
                     "(display_name, id) < ($2, $3) ORDER BY display_name DESC, id DESC LIMIT $4",
                     params, rows, err)
               : db_query(scan->db,
                     "SELECT " PERSON_COLUMNS "FROM employee WHERE business_id = $1 AND active = $5 AND "
                     "(display_name, id) > ($2, $3) ORDER BY display_name, id LIMIT $4",
                     params, rows, err);
}

/* Looks at the next rows; *ended when there are no more. */
static enum err_code scan_some(struct scan *scan, bool *ended, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    CLEANUP(arena_free_ptr) struct arena *scratch = arena_new();
    size_t limit = scan->folded ? SCAN_ROWS : scan->most, seen = 0;
    enum err_code code = scan_query(scan, limit, &rows, err);
    while (!code && scan->count < scan->most && db_next(rows, &code, err)) {
        seen++;
        scan->at.id = db_col_id(rows, 0);
        if (seen == limit)
            scan->at.text = db_col_text_copy(rows, 3, scan->arena);
        if (person_matches(rows, scratch, scan->folded))
            take_person(rows, scan->arena, &scan->people[scan->count++]);
    }
    *ended = seen < limit;
    return code;
}

enum err_code employee_list(struct db *db, struct arena *arena, const struct actor *actor, const char *search,
    bool active, struct page *page, struct person **people, size_t *count, struct error *err)
{
    struct scan scan = {.db = db,
        .arena = arena,
        .business_id = actor->business_id,
        .folded = search && *search ? search_fold(arena, search) : NULL,
        .back = page->back,
        .active = active,
        .at = page->from ? page->key : (struct page_key){.text = ""},
        .people = ARENA_ARRAY(arena, struct person, page->limit + 1),
        .most = page->limit + 1};
    enum err_code code = may(actor, ACTION_VIEW_EMPLOYEE, NULL, err);
    for (bool ended = false; !code && !ended && scan.count < scan.most;)
        code = scan_some(&scan, &ended, err);
    *people = scan.people;
    *count = page_cut(page, scan.people, sizeof *scan.people, scan.count);
    return code;
}

/* ── checking ────────────────────────────────────────────────────────────────────────────────── */

static const char unknown_employee[] = "There is no such active employee in this Business.";

enum err_code employee_by_email(struct db *db, struct arena *arena, struct id business_id, const char *email,
    struct person *person, bool *active, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT e.id, e.first_name, e.last_name, e.display_name, e.email, e.active FROM user_account u JOIN "
        "employee e ON e.user_id = u.id WHERE u.email_key IN ($1, $3) AND e.business_id = $2 "
        "ORDER BY CASE u.email_key WHEN $3 THEN 0 ELSE 1 END LIMIT 1",
        DB_PARAMS(db_text(email_key(arena, email)), db_id(business_id), db_text(email)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such employee in this Business.");
    take_person(rows, arena, person);
    *active = db_col_int(rows, 5) != 0;
    return ERR_OK;
}

enum err_code employee_read_active(struct db *db, struct arena *arena, struct id business_id, struct id id,
    struct person *person, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT " PERSON_COLUMNS "FROM employee WHERE id = $1 AND business_id = $2 AND active = 1",
        DB_PARAMS(db_id(id), db_id(business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "%s", unknown_employee);
    take_person(rows, arena, person);
    return ERR_OK;
}

/* Which of at most CHECK_ROWS ids are there. */
static enum err_code find_some(
    struct db *db, struct id business_id, const struct id *ids, size_t count, bool *found, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct db_value values[1 + CHECK_ROWS] = {db_id(business_id)};
    for (size_t i = 0; i < CHECK_ROWS; i++)
        values[1 + i] = db_id(i < count ? ids[i] : (struct id){0});
    enum err_code code = db_query(db,
        "SELECT id FROM employee WHERE business_id = $1 AND active = 1 AND id IN ($2, $3, $4, $5, $6, $7, "
        "$8, "
        "$9, $10, $11, $12, $13, $14, $15, $16, $17)",
        (struct db_params){values, ARRAY_LEN(values)}, &rows, err);
    while (!code && db_next(rows, &code, err)) {
        struct id id = db_col_id(rows, 0);
        for (size_t i = 0; i < count; i++)
            found[i] = found[i] || id_equal(ids[i], id);
    }
    return code;
}

enum err_code employees_check(struct db *db, struct id business_id, const struct id *ids, size_t count,
    const char *pointer, struct error_list *list, struct error *err)
{
    for (size_t at = 0; at < count; at += CHECK_ROWS) {
        bool found[CHECK_ROWS] = {false};
        size_t n = count - at < CHECK_ROWS ? count - at : CHECK_ROWS;
        enum err_code code = find_some(db, business_id, ids + at, n, found, err);
        if (code)
            return code;
        for (size_t i = 0; i < n; i++) {
            char where[64];
            snprintf(where, sizeof where, "%s/%zu", pointer, at + i);
            if (!found[i])
                error_list_add(list, where, "%s", unknown_employee);
        }
    }
    return ERR_OK;
}
