-- What is kept for a time only (src/crm/housekeeping.h).

-- Up to where the changes of a lane were removed: whoever has read less far reads the timeline anew.
CREATE TABLE timeline_floor (
    lane {int} NOT NULL PRIMARY KEY,
    seq {int} NOT NULL
) {strict};

CREATE INDEX session_expiry ON session (expires_at);
CREATE INDEX sign_in_token_expiry ON sign_in_token (expires_at);
