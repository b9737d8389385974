#include "crm/access.h"

enum err_code may(const struct actor *actor, enum action action, struct id business_id, struct error *err)
{
    (void)action;
    if (!id_equal(actor->business_id, business_id))
        return error_set(err, ERR_NOT_FOUND, "There is no such thing in this Business.");
    return ERR_OK;
}
