-- What is kept for a time only (src/crm/housekeeping.h); and lists of deliveries by the types that have any.

-- Up to where the changes of a lane were removed: whoever has read less far reads the timeline anew.
CREATE TABLE timeline_floor (
    lane {int} NOT NULL PRIMARY KEY,
    seq {int} NOT NULL
) {strict};

CREATE INDEX session_expiry ON session (expires_at);
CREATE INDEX sign_in_token_expiry ON sign_in_token (expires_at);

-- Whether activities of this type may have deliveries: a webhook is, or was, configured. Lists of deliveries go along
-- those types' activities.
ALTER TABLE activity_object ADD COLUMN had_webhook {int} NOT NULL DEFAULT 0;
UPDATE activity_object SET had_webhook = 1 WHERE webhook_url IS NOT NULL OR id IN (SELECT activity_object_id FROM delivery);
