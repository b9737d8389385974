#include "crm/mention.h"

#include "base/emit.h"
#include "crm/access.h"

enum err_code mentions_check(struct db *db, struct arena *arena, const struct actor *actor,
    const struct id *mentions, size_t count, const char **json, struct error_list *list, struct error *err)
{
    *json = "[]";
    if (count == 0)
        return ERR_OK;
    struct buf text = BUF_INIT(2 + count * (ID_TEXT_LEN + 4));
    struct json array = JSON_INTO(&text);
    emit_array(&array, NULL);
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < count && !code; i++) {
        struct person person;
        if (id_is_nil(mentions[i])) /* refused already */
            continue;
        code = person_read(db, arena, actor->business_id, mentions[i], &person, err);
        if (code == ERR_NOT_FOUND) {
            char pointer[64];
            snprintf(pointer, sizeof pointer, "/mentions/%zu", i);
            error_list_add(list, pointer, "%s", err->text);
            code = ERR_OK;
        }
        emit_id(&array, NULL, mentions[i]);
    }
    emit_array_end(&array);
    *json = arena_strdup(arena, buf_text(&text));
    buf_free(&text);
    return code;
}

const char *mentions_seen(const struct actor *actor, const char *json, struct arena *arena)
{
    if (may_see(actor, ACTION_VIEW_EMPLOYEE, NULL))
        return json;
    const char *me = id_format(actor->employee.id).text;
    return strstr(json, me) ? arena_printf(arena, "[\"%s\"]", me) : "[]";
}
