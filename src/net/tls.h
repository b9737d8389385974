/*
 * What a server shows in a TLS handshake: its certificates and their private key, from two PEM files, which may be read
 * again while it serves.
 *
 * Any thread. Each identity that was read lives until tls_free: a handshake may be in the middle of using it, and files
 * change a few times a year.
 */
#ifndef HERALD_NET_TLS_H
#define HERALD_NET_TLS_H

#include "base/error.h"

struct tls;

/* `cert` begins with the server's own certificate; those that lead to the root follow. ERR_INVALID names the file. */
enum err_code tls_new(const char *cert, const char *key, struct tls **tls, struct error *err) MUST_CHECK;
/* NULL is allowed. The servers that use it have stopped. */
void tls_free(struct tls *tls);

/* Reads the files again; on an error everything stays as it was. */
enum err_code tls_reload(struct tls *tls, struct error *err) MUST_CHECK;

#endif
