-- Emails that are still to be sent, and those that never can be (src/crm/mail.h); one that was sent is deleted.
CREATE TABLE mail (
    id {id} NOT NULL PRIMARY KEY,       -- also in its Message-ID
    business_id {id},                   -- NULL: of no Business
    kind {int} NOT NULL,                -- 0 text, 1 invitation, 2 password reset: these get their link when they are sent
    user_id {id},                       -- whom an invitation is for
    address {text} NOT NULL,
    name {text} NOT NULL,
    subject {text} NOT NULL,
    body {text} NOT NULL,               -- without any secret
    state {int} NOT NULL,               -- 0 pending, 1 dead
    attempts {int} NOT NULL,            -- that were begun
    due_at {int} NOT NULL,              -- by the database's clock; while it is being sent: when its sender's lease ends
    sender {id},                        -- the node that is sending it
    give_up_at {int} NOT NULL,
    reason {text},                      -- why the last attempt failed
    created_at {int} NOT NULL
) {strict};
CREATE INDEX mail_due ON mail (due_at) WHERE state = 0;
CREATE INDEX mail_sender ON mail (sender) WHERE sender IS NOT NULL;
CREATE INDEX mail_dead ON mail (created_at) WHERE state = 1;
CREATE INDEX mail_user ON mail (user_id) WHERE user_id IS NOT NULL;

-- What the links in emails are good for: setting a password, once.
CREATE TABLE password_token (
    hash {bytes} NOT NULL PRIMARY KEY,  -- BLAKE2b of the 256-bit random secret
    user_id {id} NOT NULL REFERENCES user_account (id),
    business_id {id},                   -- of an invitation
    kind {int} NOT NULL,                -- as in mail
    mail_id {id} NOT NULL,              -- one email may have been sent more than once
    expires_at {int} NOT NULL
) {strict};
CREATE INDEX password_token_user ON password_token (user_id);
CREATE INDEX password_token_expiry ON password_token (expires_at);

-- How often a password reset was asked for, of accounts that are there and of those that are not.
CREATE TABLE reset_request (
    hash {bytes} NOT NULL PRIMARY KEY,  -- BLAKE2b of the email address
    count {int} NOT NULL,
    since {int} NOT NULL
) {strict};
CREATE INDEX reset_request_since ON reset_request (since);
