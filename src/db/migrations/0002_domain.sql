-- The domain, whole: record objects and their records, fields, rules, roles, what scheduling and timelines need.

CREATE TABLE role (
    id {id} NOT NULL,
    business_id {id} NOT NULL REFERENCES business (id),
    name {text} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (id, business_id),
    UNIQUE (business_id, name)
) {strict};

CREATE TABLE employee_role (
    employee_id {id} NOT NULL,
    role_id {id} NOT NULL,
    business_id {id} NOT NULL,
    PRIMARY KEY (employee_id, role_id)
) {strict};
CREATE INDEX employee_role_holders ON employee_role (role_id, employee_id);
CREATE INDEX employee_name ON employee (business_id, display_name, id);
CREATE INDEX employee_user ON employee (user_id, id);

CREATE TABLE record_object (
    id {id} NOT NULL,
    business_id {id} NOT NULL REFERENCES business (id),
    kind {int} NOT NULL,                -- 0 contact (one a Business), 1 custom
    name {text} NOT NULL,
    api_name {text} NOT NULL,
    description {text} NOT NULL,
    version {int} NOT NULL,             -- of the object and its fields
    created_at {int} NOT NULL,
    archived_at {int},
    PRIMARY KEY (id, business_id),
    UNIQUE (business_id, api_name)
) {strict};
CREATE INDEX record_object_name ON record_object (business_id, name, id);
INSERT INTO record_object (id, business_id, kind, name, api_name, description, version, created_at)
    SELECT contact_object_id, id, 0, 'Contact', 'contacts', '', 1, created_at FROM business;

-- Of Activity Objects and of record objects alike; values are stored by `name`, which never changes.
CREATE TABLE field (
    id {id} NOT NULL,
    business_id {id} NOT NULL REFERENCES business (id),
    owner_id {id} NOT NULL,             -- activity_object.id or record_object.id
    position {int} NOT NULL,
    name {text} NOT NULL,
    display_name {text} NOT NULL,
    description {text} NOT NULL,
    type {int} NOT NULL,                -- enum field_type
    required {int} NOT NULL,
    default_value {text},               -- JSON
    options {text} NOT NULL,            -- JSON array
    limits {text} NOT NULL,             -- JSON object
    target_object_id {id},              -- record reference: the record object
    bound_field_id {id},                -- the record's field that logging writes,
    bound_object_id {id},               -- the record object that has it,
    bound_name {text},                  -- and its name there
    created_at {int} NOT NULL,
    archived_at {int},
    PRIMARY KEY (id, business_id),
    UNIQUE (owner_id, name)
) {strict};
CREATE INDEX field_of_owner ON field (owner_id, position, id);
CREATE INDEX field_bound ON field (bound_field_id);

CREATE TABLE record (
    id {id} NOT NULL,
    business_id {id} NOT NULL REFERENCES business (id),
    object_id {id} NOT NULL,
    first_name {text},                  -- contacts
    last_name {text},                   -- contacts
    display_name {text} NOT NULL,
    email {text},                       -- contacts; unique in lower case
    owner_id {id},                      -- employee
    field_values {text} NOT NULL,       -- JSON object, name to value; what has a column is not in it
    version {int} NOT NULL,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL,
    archived_at {int},
    PRIMARY KEY (id, business_id)
) {clustered};
CREATE UNIQUE INDEX record_email ON record (object_id, email);
CREATE INDEX record_archived ON record (object_id, id) WHERE archived_at IS NOT NULL;
INSERT INTO record (id, business_id, object_id, first_name, last_name, display_name, email, field_values, version,
        created_at, updated_at)
    SELECT c.id, c.business_id, b.contact_object_id, c.first_name, c.last_name, c.display_name,
        CASE count(*) OVER (PARTITION BY c.business_id, lower(c.email)) WHEN 1 THEN lower(c.email) ELSE c.email END,
        '{}', 1, c.created_at, c.created_at
    FROM contact c JOIN business b ON b.id = c.business_id;
DROP TABLE contact;

ALTER TABLE activity_object ADD COLUMN description {text} NOT NULL DEFAULT '';
ALTER TABLE activity_object ADD COLUMN color {text};
ALTER TABLE activity_object ADD COLUMN icon {text};
ALTER TABLE activity_object ADD COLUMN association_objects {text} NOT NULL DEFAULT '[]'; -- JSON, record_object ids
ALTER TABLE activity_object ADD COLUMN field_count {int} NOT NULL DEFAULT 0; -- 0: logging reads no fields
ALTER TABLE activity_object ADD COLUMN rule_count {int} NOT NULL DEFAULT 0;
ALTER TABLE activity_object ADD COLUMN archived_at {int};

CREATE TABLE activity_rule (
    id {id} NOT NULL,
    business_id {id} NOT NULL,
    activity_object_id {id} NOT NULL,
    position {int} NOT NULL,
    name {text} NOT NULL,
    match_all {int} NOT NULL,           -- 1 all conditions, 0 any
    conditions {text} NOT NULL,         -- JSON array
    targets {text} NOT NULL,            -- JSON array of field ids
    created_at {int} NOT NULL,
    PRIMARY KEY (id, business_id)
) {strict};
CREATE INDEX activity_rule_of_object ON activity_rule (activity_object_id, position, id);

-- A deleted activity keeps its row, without what people wrote: its delivery is still found by its id.
ALTER TABLE logged_activity ADD COLUMN field_values {text} NOT NULL DEFAULT '{}';
ALTER TABLE logged_activity ADD COLUMN deleted_at {int};
ALTER TABLE logged_activity ADD COLUMN deleted_by {id};
CREATE INDEX logged_by_object ON logged_activity (activity_object_id, id);
CREATE INDEX logged_by_employee ON logged_activity (logged_by, id);
CREATE INDEX logged_by_lane ON logged_activity (lane, seq);

ALTER TABLE scheduled_activity ADD COLUMN role_id {id};
ALTER TABLE scheduled_activity ADD COLUMN updated_at {int} NOT NULL DEFAULT 0;
-- Open and completed ones apart: a page of either is read where it lies, however many there are of the other.
CREATE INDEX scheduled_due ON scheduled_activity (business_id, due_at, id) WHERE completed_at IS NULL;
CREATE INDEX scheduled_of_employee ON scheduled_activity (employee_id, due_at, id) WHERE completed_at IS NULL;
CREATE INDEX scheduled_of_role ON scheduled_activity (role_id, due_at, id) WHERE completed_at IS NULL;
CREATE INDEX scheduled_of_object ON scheduled_activity (activity_object_id, due_at, id) WHERE completed_at IS NULL;
CREATE INDEX completed_due ON scheduled_activity (business_id, due_at, id) WHERE completed_at IS NOT NULL;
CREATE INDEX completed_of_employee ON scheduled_activity (employee_id, due_at, id) WHERE completed_at IS NOT NULL;
CREATE INDEX completed_of_role ON scheduled_activity (role_id, due_at, id) WHERE completed_at IS NOT NULL;
CREATE INDEX completed_of_object ON scheduled_activity (activity_object_id, due_at, id) WHERE completed_at IS NOT NULL;

CREATE TABLE scheduled_association (
    scheduled_id {id} NOT NULL,
    business_id {id} NOT NULL,
    position {int} NOT NULL,
    object_id {id} NOT NULL,
    record_id {id} NOT NULL,            -- the object's own id: all of its records
    open {int} NOT NULL,                -- 1 until it is completed
    PRIMARY KEY (scheduled_id, business_id, position)
) {clustered};
CREATE INDEX scheduled_timeline ON scheduled_association (record_id, scheduled_id) WHERE open = 1;
CREATE INDEX scheduled_of_record ON scheduled_association (record_id, scheduled_id);

-- What changes timelines besides a newly logged activity, in the order of commits, for live streams.
CREATE TABLE timeline_change (
    lane {int} NOT NULL,
    seq {int} NOT NULL,
    record_id {id} NOT NULL,            -- or the object's id: all of its records
    business_id {id} NOT NULL,
    kind {int} NOT NULL,                -- enum timeline_change_kind
    entry_id {id} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (lane, seq, record_id, entry_id, kind)
) {clustered};

CREATE TABLE idempotency (
    key_hash {bytes} NOT NULL PRIMARY KEY, -- of Business, employee and key
    business_id {id} NOT NULL,
    request_hash {bytes} NOT NULL,
    activity_id {id} NOT NULL,
    answer {text} NOT NULL,             -- as it was given
    created_at {int} NOT NULL
) {clustered};
CREATE INDEX idempotency_age ON idempotency (created_at);
CREATE INDEX idempotency_activity ON idempotency (activity_id);

-- Few among many: what failed, and its notifications, by Business.
CREATE INDEX delivery_failed ON delivery (business_id, id) WHERE state = 2;
CREATE INDEX notification_of_business ON notification (business_id, id);
