#include "crm/check.h"

#include <string.h>

bool check_name(const char *text, size_t most)
{
    return text && !text_is_blank(text) && text_chars(text) <= most;
}

bool check_api_name(const char *api_name, bool derived, const char *pointer, struct error_list *list)
{
    size_t len = strspn(api_name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (api_name[0] >= 'a' && api_name[0] <= 'z' && !api_name[len] && len <= API_NAME_MOST)
        return true;
    const char *what = strrchr(pointer, '/') + 1;
    const char *article = *what == 'a' ? "an" : "a";
    if (derived)
        error_list_add(list, pointer,
            "No %s can be derived from this name: give %s %s, of up to %d letters a to z, digits and "
            "underscores, beginning with a letter.",
            what, article, what, API_NAME_MOST);
    else
        error_list_add(list, pointer,
            "%s %s of up to %d letters a to z, digits and underscores, beginning with a letter, is needed.",
            *what == 'a' ? "An" : "A", what, API_NAME_MOST);
    return false;
}

bool check_name_member(const char *name, int64_t most, struct error_list *list)
{
    bool good = check_name(name, (size_t)most);
    if (!good)
        error_list_add(list, "/name", "A name of 1 to %lld characters is needed.", (long long)most);
    return good;
}

enum err_code check_archiving_refused(enum err_code code, struct error_list *list, const struct error *err)
{
    if (code != ERR_CONFLICT || list->count == 0)
        return code;
    error_list_conflict(list, "/archived", "%s", err->text);
    return ERR_OK;
}

struct display_name display_name_of(const char *first_name, const char *last_name)
{
    struct display_name name;
    snprintf(name.text, sizeof name.text, "%s%s%s", first_name, *last_name ? " " : "", last_name);
    return name;
}

bool check_email(const char *text)
{
    if (!text || strlen(text) > EMAIL_MOST || text[strcspn(text, " \t\r\n<>")])
        return false;
    const char *at = strchr(text, '@');
    return at && at != text && at[1] && !strchr(at + 1, '@');
}

const char *email_key(struct arena *arena, const char *email)
{
    char *key = arena_strdup(arena, email);
    for (char *c = key; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return key;
}

enum err_code check_business(struct db *db, struct id business_id, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    enum err_code code =
        db_query(db, "SELECT id FROM business WHERE id = $1", DB_PARAMS(db_id(business_id)), &rows, err);
    if (code || db_next(rows, &code, err))
        return code;
    return code ? code : error_set(err, ERR_NOT_FOUND, "There is no such Business.");
}
