#include "crm/secret.h"

#include <sodium.h>
#include <string.h>

#define SECRET_BYTES 32 /* 256 random bits */

struct secret_hash secret_hash(const char *secret)
{
    struct secret_hash hash;
    crypto_generichash(hash.bytes, sizeof hash.bytes, (const unsigned char *)secret, strlen(secret), NULL, 0);
    return hash;
}

struct db_value db_secret(const struct secret_hash *hash)
{
    return db_bytes(hash->bytes, sizeof hash->bytes);
}

char *secret_new(struct arena *arena, const char *prefix)
{
    unsigned char random[SECRET_BYTES];
    char text[sodium_base64_ENCODED_LEN(SECRET_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(text, sizeof text, random, sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *secret = arena_printf(arena, "%s%s", prefix, text);
    sodium_memzero(random, sizeof random);
    sodium_memzero(text, sizeof text);
    return secret;
}

bool secret_is(struct db_rows *rows, int col, const struct secret_hash *hash)
{
    size_t len;
    const void *stored = db_col_bytes(rows, col, &len);
    return stored && len == sizeof hash->bytes && sodium_memcmp(stored, hash->bytes, len) == 0;
}
