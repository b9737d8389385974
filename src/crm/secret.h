/*
 * Secrets that this server makes and hands out once: API keys, sessions, sign-in tokens. 256 random bits each, so that
 * what is stored of one is a plain hash: it can't be guessed, however fast guesses are. (Passwords are another matter.)
 * Any thread.
 */
#ifndef HERALD_CRM_SECRET_H
#define HERALD_CRM_SECRET_H

#include "base/arena.h"
#include "db/db.h"

/* What is stored of a secret: its BLAKE2b. The secret itself is shown once and kept nowhere. */
struct secret_hash {
    unsigned char bytes[32];
};

/* The prefix, then 43 characters of base64url. */
char *secret_new(struct arena *arena, const char *prefix);

struct secret_hash secret_hash(const char *secret);

/* To bind it; the hash must outlive the call. */
struct db_value db_secret(const struct secret_hash *hash);

/* Whether the column holds this hash, in a time that says nothing. */
bool secret_is(struct db_rows *rows, int col, const struct secret_hash *hash);

#endif
