-- People who sign in (src/crm/identity.h). Passwords, and sessions that can be told apart, listed and ended. Whoever was
-- signed in signs in once more: sessions live for half a day.

CREATE TABLE password (
    user_id {id} NOT NULL PRIMARY KEY REFERENCES user_account (id),
    hash {text} NOT NULL,               -- argon2id with its salt and cost
    changed_at {int} NOT NULL
) {strict};

DROP TABLE session;
CREATE TABLE session (
    id {id} NOT NULL PRIMARY KEY,
    hash {bytes} NOT NULL UNIQUE,       -- BLAKE2b of the 256-bit random secret
    user_id {id} NOT NULL REFERENCES user_account (id),
    business_id {id} NOT NULL REFERENCES business (id),
    created_at {int} NOT NULL,
    expires_at {int} NOT NULL,
    last_seen_at {int} NOT NULL,        -- to the minute
    address {text} NOT NULL,            -- from where it was started
    user_agent {text} NOT NULL
) {strict};
CREATE INDEX session_of_user ON session (user_id, id);
