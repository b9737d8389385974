#include "crm/check.h"

#include <string.h>

bool check_name(const char *text, size_t most)
{
    return text && text[strspn(text, " \t\r\n")] && text_chars(text) <= most;
}

struct display_name display_name_of(const char *first_name, const char *last_name)
{
    struct display_name name;
    snprintf(name.text, sizeof name.text, "%s%s%s", first_name, *last_name ? " " : "", last_name);
    return name;
}

bool check_email(const char *text)
{
    if (!text || strlen(text) > 254 || text[strcspn(text, " \t\r\n<>")])
        return false;
    const char *at = strchr(text, '@');
    return at && at != text && at[1] && !strchr(at + 1, '@');
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
