/*
 * An email as it goes over the wire (RFC 5322, 2045, 2047): headers that no name can break out of, and a body of plain
 * UTF-8 text in quoted-printable. Pure. Any thread.
 */
#ifndef HERALD_MAIL_MESSAGE_H
#define HERALD_MAIL_MESSAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"

#include <stdint.h>

struct mailbox {
    const char *name; /* UTF-8; "": none */
    const char *address; /* as mail_address_fits has it */
};

struct message {
    struct mailbox from, to;
    const char *subject, *body; /* UTF-8; line breaks are \n */
    struct id id; /* of the email, the same whenever it is sent */
    int64_t at;
};

/* "Acme <herald@acme.example>" or "herald@acme.example". False: neither. */
bool mailbox_parse(struct arena *arena, const char *text, struct mailbox *mailbox) MUST_CHECK;

/* Appends the whole message. */
void message_compose(const struct message *message, struct buf *out);

#endif
