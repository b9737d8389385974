#include "crm/identity.h"

#include "crm/check.h"
#include "crm/password.h"
#include "crm/sign_in_link.h"

/* ── a sign-in link ──────────────────────────────────────────────────────────────────────────── */

static bool is_link(const struct proof *proof)
{
    return proof->token && !proof->email && !proof->password;
}

static enum err_code look_up_link(
    struct db *db, struct arena *arena, struct identity *identity, struct error *err)
{
    (void)arena;
    return sign_in_token_check(db, identity->proof.token, err);
}

static enum err_code confirm_link(struct write *w, struct identity *identity, struct error *err)
{
    return sign_in_token_take(w, identity->proof.token, &identity->user_id, &identity->business_id, err);
}

/* ── email and password ──────────────────────────────────────────────────────────────────────── */

struct password_state {
    struct password_owner owner; /* nobody: the same work is done */
    bool outdated;
    struct password_hash renewed; /* if outdated */
};

static bool is_password(const struct proof *proof)
{
    return proof->email && proof->password && !proof->token;
}

static const char *account_of(struct arena *arena, const struct proof *proof)
{
    return email_key(arena, proof->email);
}

static enum err_code look_up_password(
    struct db *db, struct arena *arena, struct identity *identity, struct error *err)
{
    struct password_state *state = ARENA_NEW(arena, struct password_state);
    identity->state = state;
    return password_find(db, arena, identity->proof.email, &state->owner, err);
}

static enum err_code prove_password(struct arena *arena, struct identity *identity, struct error *err)
{
    (void)arena;
    struct password_state *state = identity->state;
    bool fits = false;
    enum err_code code =
        password_verify(identity->proof.password, state->owner.stored, &fits, &state->outdated, err);
    if (code)
        return code;
    if (!fits)
        return error_set(err, ERR_UNAUTHENTICATED, "The email or the password is not right.");
    /* For want of memory it stays as it is until the next time. */
    if (state->outdated && password_hash(identity->proof.password, &state->renewed, NULL))
        state->outdated = false;
    return ERR_OK;
}

static enum err_code confirm_password(struct write *w, struct identity *identity, struct error *err)
{
    struct password_state *state = identity->state;
    identity->user_id = state->owner.user_id;
    enum err_code code = password_still_is(w, identity->user_id, state->owner.stored, err);
    if (!code && state->outdated)
        code = password_renew(w, identity->user_id, state->renewed.text, err);
    return code;
}

/* ── the table ───────────────────────────────────────────────────────────────────────────────── */

static const struct identity_method methods[] = {
    {.name = "link", .takes = is_link, .look_up = look_up_link, .confirm = confirm_link},
    {.name = "password",
        .takes = is_password,
        .account = account_of,
        .look_up = look_up_password,
        .prove = prove_password,
        .confirm = confirm_password},
};

const struct identity_method *identity_method_for(const struct proof *proof)
{
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (methods[i].takes(proof))
            return &methods[i];
    return NULL;
}
