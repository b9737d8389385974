#include "crm/tail_settings.h"

#include "crm/business.h"

void tail_settings_notice(struct db *db, struct tail_watcher **watchers, size_t count)
{
    struct business_version now[TAIL_SETTINGS_MOST];
    struct error ignored;
    for (size_t i = 0; i < count; i++)
        now[i] = (struct business_version){watchers[i]->business_id, watchers[i]->settings_version};
    if (count == 0 || business_versions(db, now, count, &ignored))
        return;
    for (size_t i = 0; i < count; i++) {
        if (now[i].version != watchers[i]->settings_version)
            watchers[i]->asked_boot_us = INT64_MIN;
        watchers[i]->settings_version = now[i].version;
    }
}
