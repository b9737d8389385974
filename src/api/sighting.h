/*
 * That a session was used: noted once a minute and not with each request, by a small write that nobody waits for. Each
 * worker remembers what it has handed to the writer, so that a writer that stands still does not get the same again
 * and again. One thread: each worker has its own.
 */
#ifndef HERALD_API_SIGHTING_H
#define HERALD_API_SIGHTING_H

#include "crm/actor.h"

struct sightings;

struct sightings *sightings_new(void) __attribute__((returns_nonnull));
void sightings_free(struct sightings *sightings);

/* Hands it to the writer if it is time. */
void sighting_note(struct sightings *sightings, struct crm *crm, const struct credential *session);

#endif
