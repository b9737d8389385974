-- API keys: what can be told of one without its secret, and what limits it (src/crm/key.h).

ALTER TABLE api_key ADD COLUMN prefix {text} NOT NULL DEFAULT '';   -- the first characters of the secret, to tell keys apart
ALTER TABLE api_key ADD COLUMN last_used_at {int};                  -- to the minute
ALTER TABLE api_key ADD COLUMN expires_at {int};
ALTER TABLE api_key ADD COLUMN read_only {int} NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN business_id {id} REFERENCES business (id);   -- the one in which it works; NULL: in all
CREATE INDEX api_key_of_user ON api_key (user_id, id) WHERE revoked_at IS NULL;

-- Keys that work in other Businesses, but in this one no longer.
CREATE TABLE api_key_block (
    key_id {id} NOT NULL REFERENCES api_key (id),
    business_id {id} NOT NULL REFERENCES business (id),
    blocked_at {int} NOT NULL,
    PRIMARY KEY (key_id, business_id)
) {strict};

-- What ends with an employee.
CREATE INDEX session_of_user ON session (user_id, business_id);
CREATE INDEX sign_in_token_of_user ON sign_in_token (user_id, business_id);

-- Addresses are compared by this one: the letters A to Z in lower case. Where two users had the same address but for
-- case, the one in lower case has it from now on, else the older one; the other is found by its id and keys only.
ALTER TABLE user_account ADD COLUMN email_key {text} NOT NULL DEFAULT '';
CREATE INDEX user_account_lower ON user_account (lower(email), id);
UPDATE user_account SET email_key = CASE WHEN EXISTS (SELECT 1 FROM user_account o
    WHERE lower(o.email) = lower(user_account.email) AND o.id <> user_account.id AND user_account.email <> lower(user_account.email)
    AND (o.email = lower(o.email) OR o.id < user_account.id)) THEN email ELSE lower(email) END;
DROP INDEX user_account_lower;
CREATE UNIQUE INDEX user_account_email ON user_account (email_key);
