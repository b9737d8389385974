/*
 * Hands one email at a time to an SMTP server: SMTP with STARTTLS, SMTPS, or plain SMTP where the operator says so. TLS
 * is 1.2 or newer and verified. The connection is kept from one email to the next.
 *
 * Blocks, for at most the limits: on one thread, which is not the loop's.
 */
#ifndef HERALD_NET_SMTP_H
#define HERALD_NET_SMTP_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct smtp;

/* Texts must outlive the client. */
struct smtp_config {
    const char *url; /* smtp://HOST[:PORT], smtps://HOST[:PORT] */
    const char *user, *password; /* NULL: none */
    const char *ca_file; /* whom to trust; NULL: whom the system trusts */
    bool plain; /* smtp:// without STARTTLS */
    int64_t connect_us, total_us;
    bool (*is_cut)(void *ctx); /* asked now and then: whether what is under way is to end now */
    void *is_cut_ctx;
};

/* ERR_INVALID: the URL. */
enum err_code smtp_check_url(const char *url, struct error *err) MUST_CHECK;
/* Whether it is this machine, by its name: what goes there passes no network. The URL is checked. */
bool smtp_is_local(const char *url);

enum err_code smtp_new(const struct smtp_config *config, struct smtp **smtp, struct error *err) MUST_CHECK;
void smtp_free(struct smtp *smtp); /* accepts NULL */

enum smtp_verdict {
    SMTP_SENT, /* the server has it now */
    SMTP_LATER, /* it does not want this one now */
    SMTP_REFUSED, /* it will never want this one */
    SMTP_AWAY, /* the server is not to be talked to now, whatever the email; also when it was stopped */
};

struct smtp_result {
    enum smtp_verdict verdict;
    int reply; /* the last code of the server's, 0: none */
    char detail[200]; /* one sentence for people, empty when sent; printable ASCII */
};

/*
 * `from` and `to` are addresses without blanks or control characters; `message` is the whole of it, with CRLF. If the
 * connection ends after the message and before the answer, nobody knows: that is SMTP_AWAY, and it may have been taken.
 */
void smtp_send(struct smtp *smtp, const char *from, const char *to, const char *message, size_t len,
    struct smtp_result *result);

/* Ends the connection that is kept. */
void smtp_hang_up(struct smtp *smtp);

#endif
