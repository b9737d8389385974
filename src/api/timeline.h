/* What the page and the live stream of a timeline share; private to src/api. */
#ifndef HERALD_API_TIMELINE_H
#define HERALD_API_TIMELINE_H

#include "api/call.h"
#include "crm/timeline.h"

void emit_timeline_entry(struct json *json, const struct actor *actor, const struct timeline_entry *entry);

#endif
