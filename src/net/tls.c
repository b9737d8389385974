#include "net/tls.h"

#include "base/alloc.h"
#include "net/server_internal.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#define CHAIN_MOST 16
#define KEY_ID_MOST 64

struct identity {
    gnutls_pcert_st certs[CHAIN_MOST];
    unsigned count;
    gnutls_privkey_t key;
    struct identity *older;
};

struct tls {
    char *cert, *key; /* paths */
    _Atomic(struct identity *) current;
    pthread_mutex_t lock; /* who reads the files */
};

/* ── reading ─────────────────────────────────────────────────────────────────────────────────── */

static void identity_free(struct identity *identity)
{
    for (unsigned i = 0; i < identity->count; i++)
        gnutls_pcert_deinit(&identity->certs[i]);
    if (identity->key)
        gnutls_privkey_deinit(identity->key);
    mem_free(identity);
}

static enum err_code refused(const char *path, const char *why, struct error *err)
{
    return error_set(err, ERR_INVALID, "%.120s: %s", path, why);
}

static enum err_code read_certs(const char *path, struct identity *identity, struct error *err)
{
    gnutls_datum_t pem = {0};
    int rc = gnutls_load_file(path, &pem);
    if (rc < 0)
        return refused(path, "this file of certificates cannot be read", err);
    unsigned count = CHAIN_MOST;
    rc = gnutls_pcert_list_import_x509_raw(
        identity->certs, &count, &pem, GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_SORT);
    gnutls_free(pem.data);
    if (rc < 0)
        return refused(path, gnutls_strerror(rc), err);
    identity->count = count;
    return count ? ERR_OK : refused(path, "there is no certificate in it", err);
}

static enum err_code read_key(const char *path, struct identity *identity, struct error *err)
{
    gnutls_datum_t pem = {0};
    int rc = gnutls_load_file(path, &pem);
    if (rc < 0)
        return refused(path, "this file of a private key cannot be read", err);
    rc = gnutls_privkey_init(&identity->key);
    if (rc == 0)
        rc = gnutls_privkey_import_x509_raw(identity->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    gnutls_memset(pem.data, 0, pem.size);
    gnutls_free(pem.data);
    return rc < 0 ? refused(path, gnutls_strerror(rc), err) : ERR_OK;
}

static bool key_id(gnutls_pubkey_t key, unsigned char id[KEY_ID_MOST], size_t *len)
{
    *len = KEY_ID_MOST;
    return gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, id, len) == 0;
}

/* Otherwise each handshake would fail, and nobody would see why. */
static bool belong_together(const struct identity *identity)
{
    unsigned char of_key[KEY_ID_MOST], of_cert[KEY_ID_MOST];
    size_t key_len, cert_len;
    gnutls_pubkey_t public;
    if (gnutls_pubkey_init(&public) != 0)
        return false;
    bool same = gnutls_pubkey_import_privkey(public, identity->key, 0, 0) == 0 &&
                key_id(public, of_key, &key_len) && key_id(identity->certs[0].pubkey, of_cert, &cert_len) &&
                key_len == cert_len && memcmp(of_key, of_cert, key_len) == 0;
    gnutls_pubkey_deinit(public);
    return same;
}

static enum err_code read_identity(const struct tls *tls, struct identity **out, struct error *err)
{
    struct identity *identity = mem_zalloc(sizeof *identity);
    enum err_code code = read_certs(tls->cert, identity, err);
    if (!code)
        code = read_key(tls->key, identity, err);
    if (!code && !belong_together(identity))
        code = refused(tls->key, "it is not the key of the first certificate", err);
    if (code)
        identity_free(identity);
    else
        *out = identity;
    return code;
}

enum err_code tls_reload(struct tls *tls, struct error *err)
{
    struct identity *identity = NULL;
    pthread_mutex_lock(&tls->lock);
    enum err_code code = read_identity(tls, &identity, err);
    if (!code) {
        identity->older = atomic_load(&tls->current);
        atomic_store(&tls->current, identity);
    }
    pthread_mutex_unlock(&tls->lock);
    return code;
}

enum err_code tls_new(const char *cert, const char *key, struct tls **out, struct error *err)
{
    struct tls *tls = mem_zalloc(sizeof *tls);
    tls->cert = mem_strdup(cert);
    tls->key = mem_strdup(key);
    atomic_init(&tls->current, NULL);
    pthread_mutex_init(&tls->lock, NULL);
    enum err_code code = tls_reload(tls, err);
    if (code)
        tls_free(tls);
    else
        *out = tls;
    return code;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    struct identity *identity = atomic_load(&tls->current);
    while (identity) {
        struct identity *older = identity->older;
        identity_free(identity);
        identity = older;
    }
    pthread_mutex_destroy(&tls->lock);
    mem_free(tls->cert);
    mem_free(tls->key);
    mem_free(tls);
}

/* ── in a handshake, on the HTTP thread ──────────────────────────────────────────────────────── */

/* libmicrohttpd keeps its connection in the session, and we our client in the connection. */
static int show_identity(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
    gnutls_pcert_st **certs, unsigned *count, gnutls_ocsp_data_st **ocsp, unsigned *ocsp_count,
    gnutls_privkey_t *key, unsigned *flags)
{
    (void)info;
    const union MHD_ConnectionInfo *context =
        MHD_get_connection_info(gnutls_session_get_ptr(session), MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (!context || !context->socket_context)
        return -1;
    const struct client *client = context->socket_context;
    struct identity *identity = atomic_load(&client->server->config.tls->current);
    *certs = identity->certs;
    *count = identity->count;
    *ocsp = NULL;
    *ocsp_count = 0;
    *key = identity->key;
    *flags = 0;
    return 0;
}

/* TLS 1.2 and 1.3, keys that nobody can have later, ciphers that authenticate. */
static const char priorities[] =
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
    "-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:%SERVER_PRECEDENCE";

void tls_options(const struct server *server, struct MHD_OptionItem options[static 3])
{
    size_t n = 0;
    if (server->config.tls) {
        options[n++] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, (void *)(intptr_t)show_identity};
        options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(intptr_t)priorities};
    }
    options[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

void tls_say(struct MHD_Connection *connection, const char *text, size_t len)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (!info || !info->tls_session)
        return;
    ssize_t sent = gnutls_record_send(info->tls_session, text, len);
    (void)sent; /* nothing waits for it */
}
