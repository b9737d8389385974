/*
 * The sentence that tells people about a Logged Activity (M17): "Alex Rivera logged a Sales Call with Maria
 * Thompson.". Plain text; whoever shows it escapes it for the place.
 *
 * Any thread.
 */
#ifndef HERALD_RELAY_MESSAGE_H
#define HERALD_RELAY_MESSAGE_H

#include "base/buf.h"

#include <jansson.h>

/*
 * Who, what, with whom; members that are missing are left out or named in general ("Someone", "an activity"), so
 * that any record makes a sentence. "an" stands before a vowel letter. More than one associated entity: "with
 * Maria Thompson and 2 others".
 */
void message_sentence(struct buf *out, const json_t *record);

/* The notes without the white space around them, "" if there are none. Valid as long as the record. */
const char *message_notes(const json_t *record, size_t *len);

#endif
