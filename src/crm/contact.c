#include "crm/contact.h"

#include "base/clock.h"
#include "crm/check.h"

struct contact_call {
    const struct new_contact *input;
    struct id id;
};

static enum err_code contact_insert(struct db *db, void *ctx, struct error *err)
{
    struct contact_call *call = ctx;
    const struct new_contact *input = call->input;
    enum err_code code = check_business(db, input->business_id, err);
    if (code)
        return code;
    struct display_name display_name = display_name_of(input->first_name, input->last_name);
    code = db_exec(db,
        "INSERT INTO contact (id, business_id, first_name, last_name, display_name, email, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        DB_PARAMS(db_id(call->id), db_id(input->business_id), db_text(input->first_name),
            db_text(input->last_name), db_text(display_name.text),
            db_text(*input->email ? input->email : NULL), db_int(clock_wall_us())),
        NULL, err);
    if (code == ERR_CONFLICT)
        error_set(err, code, "A contact with the email %s is there already.", input->email);
    return code;
}

enum err_code contact_add(
    struct crm *crm, const struct new_contact *input, struct id *contact_id, struct error *err)
{
    if (!check_name(input->first_name, NAME_MOST) || text_chars(input->last_name) > NAME_MOST)
        return error_set(err, ERR_INVALID, "A first name of 1 to %d characters is needed.", NAME_MOST);
    if (*input->email && !check_email(input->email))
        return error_set(err, ERR_INVALID, "'%.80s' is not an email address.", input->email);
    struct contact_call call = {.input = input, .id = id_new()};
    enum err_code code = writer_run(crm->writer, contact_insert, &call, err);
    if (!code)
        *contact_id = call.id;
    return code;
}

static void take_contact(struct db_rows *rows, struct arena *arena, struct contact *contact)
{
    *contact = (struct contact){
        .id = db_col_id(rows, 0),
        .first_name = db_col_text_copy(rows, 1, arena),
        .last_name = db_col_text_copy(rows, 2, arena),
        .display_name = db_col_text_copy(rows, 3, arena),
        .email = db_col_text_copy(rows, 4, arena),
    };
}

enum err_code contact_read(struct db *db, struct arena *arena, const struct actor *actor, struct id id,
    struct contact *contact, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = db_query(db,
        "SELECT id, first_name, last_name, display_name, email FROM contact WHERE id = $1 AND business_id = "
        "$2",
        DB_PARAMS(db_id(id), db_id(actor->business_id)), &rows, err);
    if (code || !db_next(rows, &code, err))
        return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such record in this Business.");
    take_contact(rows, arena, contact);
    return may(actor, ACTION_VIEW_RECORD, actor->business_id, err);
}

/* "Mari" → "mari%", with LIKE's own characters escaped. */
static char *prefix_pattern(struct arena *arena, const char *search)
{
    char *pattern = arena_alloc(arena, 2 * strlen(search) + 2);
    size_t n = 0;
    for (const char *c = search; *c; c++) {
        if (*c == '%' || *c == '_' || *c == '\\')
            pattern[n++] = '\\';
        pattern[n++] = *c;
    }
    pattern[n] = '%';
    return pattern;
}

enum err_code contact_search(struct db *db, struct arena *arena, const struct actor *actor,
    const char *search, int64_t page, size_t page_size, struct contact **contacts, size_t *count, bool *more,
    struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code = may(actor, ACTION_VIEW_RECORD, actor->business_id, err);
    if (!code)
        code = db_query(db,
            "SELECT id, first_name, last_name, display_name, email FROM contact WHERE business_id = $1 AND ("
            "lower(display_name) LIKE lower($2) ESCAPE '\\' OR lower(last_name) LIKE lower($2) ESCAPE '\\' "
            "OR lower(email) LIKE lower($2) ESCAPE '\\') ORDER BY display_name, id LIMIT $3 OFFSET $4",
            DB_PARAMS(db_id(actor->business_id), db_text(prefix_pattern(arena, search)),
                db_int((int64_t)page_size + 1), db_int((page - 1) * (int64_t)page_size)),
            &rows, err);
    *contacts = ARENA_ARRAY(arena, struct contact, page_size + 1);
    *count = 0;
    while (!code && *count <= page_size && db_next(rows, &code, err))
        take_contact(rows, arena, &(*contacts)[(*count)++]);
    *more = *count > page_size;
    if (*more)
        --*count;
    return code;
}
