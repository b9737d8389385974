/* Which watchers are to be asked again, since the settings of their Business have changed (T2). The tail's thread. */
#ifndef HERALD_CRM_TAIL_SETTINGS_H
#define HERALD_CRM_TAIL_SETTINGS_H

#include "crm/id_list.h"
#include "crm/tail.h"

#define TAIL_SETTINGS_MOST ID_LIST_MOST

/* Of these, TAIL_SETTINGS_MOST at most: with one query. What cannot be read now is noticed later. */
void tail_settings_notice(struct db *db, struct tail_watcher **watchers, size_t count);

#endif
