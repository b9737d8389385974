-- The audit log (src/crm/audit.h): who changed what, when, from where, and what it was before and after.

CREATE TABLE audit_entry (
    id {id} NOT NULL,
    business_id {id} NOT NULL REFERENCES business (id),
    at {int} NOT NULL,
    action {text} NOT NULL,             -- subject_kind, a dot, what happened to it
    subject_kind {text} NOT NULL,
    subject_id {id},
    subject_name {text},                -- as it was then
    actor_kind {int} NOT NULL,          -- enum audit_actor
    employee_id {id},                   -- of the actor, in this Business
    actor_name {text},                  -- as it was then
    via {int} NOT NULL,                 -- enum write_via
    key_id {id},
    address {text},
    request_id {id},
    changes {text} NOT NULL,            -- JSON: {member: {"before": ..., "after": ...}}
    PRIMARY KEY (id, business_id)
) {strict};
-- The Business leads: each search is of one, and there is no other way to have SQLite take the narrower index.
CREATE INDEX audit_entry_age ON audit_entry (business_id, at, id);
CREATE INDEX audit_entry_of_employee ON audit_entry (business_id, employee_id, at, id);
CREATE INDEX audit_entry_of_subject ON audit_entry (business_id, subject_id, at, id);
CREATE INDEX audit_entry_of_kind ON audit_entry (business_id, subject_kind, at, id);
CREATE INDEX audit_entry_of_action ON audit_entry (business_id, action, at, id);

-- Append-only, whoever asks.
{sqlite} CREATE TRIGGER audit_entry_kept BEFORE UPDATE ON audit_entry
    BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'){semicolon} END;
{sqlite} CREATE TRIGGER audit_entry_kept_whole BEFORE DELETE ON audit_entry
    BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'){semicolon} END;
{postgres} CREATE FUNCTION audit_entry_kept() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RAISE EXCEPTION ''audit_entry is append-only'' USING ERRCODE = ''raise_exception''; END';
{postgres} CREATE TRIGGER audit_entry_kept BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_entry_kept();
{postgres} CREATE TRIGGER audit_entry_kept_whole BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_kept();

-- The permission to read it. Owners have it.
ALTER TABLE permission_group ADD COLUMN audit {int} NOT NULL DEFAULT 0;
UPDATE permission_group SET audit = 1023 WHERE id = business_id;
