/*
 * The relay: the durable receiver of activity webhooks, of Herald and of the original product alike (M17, M18).
 * It takes a webhook into its inbox, answers, and then works: it fetches the record and runs the hook's actions.
 *
 * Upholds I10: a webhook is acknowledged only after its inbox row is durable; an action whose success is recorded
 * never runs again; what was acknowledged is worked off, whatever dies. After a kill the actions that were in
 * flight, and no others, may run a second time.
 *
 *      HTTP worker ──▶ intake ──▶ writer (commit) ──▶ 200
 *                                    │ wakes
 *      loop thread:  worker: due steps, read from the inbox ──▶ fetch, actions ──▶ writer (outcome)
 *
 * One relay owns one data directory (base/dirlock.h) and the SQLite database in it.
 */
#ifndef HERALD_RELAY_RELAY_H
#define HERALD_RELAY_RELAY_H

#include "base/error.h"
#include "relay/config.h"

struct relay;

/*
 * Locks the data directory, opens the inbox, resumes what is pending, listens. `config` must outlive the relay.
 * ERR_BUSY: another relay holds the directory, the text says which process.
 */
enum err_code relay_start(
    const struct relay_config *config, struct relay **relay, struct error *err) MUST_CHECK;

/* "127.0.0.1:8090": where it really listens. Lives as long as the relay. */
const char *relay_address(const struct relay *relay);

/* Reads tls_cert and tls_key anew; on an error the old ones stay. Any thread. */
enum err_code relay_read_certificate_again(struct relay *relay, struct error *err) MUST_CHECK;

/* Where /metrics is served, or NULL. */
const char *relay_metrics_address(const struct relay *relay);

/*
 * Stops accepting, lets what is in flight end for at most config->drain_us, records it, and frees the relay. What
 * is left stays in the inbox. Accepts NULL.
 */
void relay_stop(struct relay *relay);

#endif
