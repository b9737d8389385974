#include "crm/access.h"

enum err_code may(const struct actor *actor, enum action action, struct id business_id, struct error *err)
{
    (void)action;
    if (!id_equal(actor->business_id, business_id))
        return error_set(err, ERR_NOT_FOUND, "There is no such thing in this Business.");
    return ERR_OK;
}

enum err_code write_may(const struct write *w, enum action action, struct error *err)
{
    return w->actor ? may(w->actor, action, w->business_id, err) : ERR_OK;
}
