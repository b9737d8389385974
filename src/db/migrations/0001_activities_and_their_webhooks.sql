-- Hot tables are keyed by (id, business_id): ids grow with time, so the tables grow at their right edge, and the
-- Business is in every key. Only the timeline's index is by record.

-- A lane is what one writer commits into (src/db/lane.h).
CREATE TABLE lane (
    id {int} NOT NULL PRIMARY KEY,
    writer_node {id},                   -- NULL: closed for good by a take-over
    writer_epoch {int} NOT NULL,
    dispatch_node {id} NOT NULL,
    dispatch_epoch {int} NOT NULL,
    expires_at {int} NOT NULL           -- by the database's clock
) {strict};

CREATE TABLE business (
    id {id} NOT NULL PRIMARY KEY,
    name {text} NOT NULL,
    contact_object_id {id} NOT NULL,    -- the id that the object "Contact" has in this Business
    settings_version {int} NOT NULL,    -- grows with every change that logging an activity depends on
    created_at {int} NOT NULL
) {strict};

CREATE TABLE user_account (
    id {id} NOT NULL PRIMARY KEY,
    first_name {text} NOT NULL,
    last_name {text} NOT NULL,
    email {text} NOT NULL UNIQUE,
    created_at {int} NOT NULL
) {strict};

CREATE TABLE api_key (
    id {id} NOT NULL PRIMARY KEY,
    user_id {id} NOT NULL REFERENCES user_account (id),
    name {text} NOT NULL,
    hash {bytes} NOT NULL UNIQUE,       -- BLAKE2b of the 256-bit random secret
    created_at {int} NOT NULL,
    revoked_at {int}
) {strict};

CREATE TABLE employee (
    id {id} NOT NULL PRIMARY KEY,
    business_id {id} NOT NULL REFERENCES business (id),
    user_id {id} NOT NULL REFERENCES user_account (id),
    first_name {text} NOT NULL,
    last_name {text} NOT NULL,
    display_name {text} NOT NULL,
    email {text} NOT NULL,
    active {int} NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (business_id, user_id)
) {strict};

-- One-time sign-in links and the sessions that they become.
CREATE TABLE sign_in_token (
    hash {bytes} NOT NULL PRIMARY KEY,
    user_id {id} NOT NULL REFERENCES user_account (id),
    business_id {id} NOT NULL REFERENCES business (id),
    expires_at {int} NOT NULL
) {strict};

CREATE TABLE session (
    hash {bytes} NOT NULL PRIMARY KEY,
    user_id {id} NOT NULL REFERENCES user_account (id),
    business_id {id} NOT NULL REFERENCES business (id),
    created_at {int} NOT NULL,
    expires_at {int} NOT NULL
) {strict};

CREATE TABLE contact (
    id {id} NOT NULL,
    business_id {id} NOT NULL REFERENCES business (id),
    first_name {text} NOT NULL,
    last_name {text} NOT NULL,
    display_name {text} NOT NULL,
    email {text},
    created_at {int} NOT NULL,
    PRIMARY KEY (id, business_id)
) {clustered};
CREATE UNIQUE INDEX contact_email ON contact (business_id, email);
CREATE INDEX contact_name ON contact (business_id, display_name, id);

CREATE TABLE activity_object (
    id {id} NOT NULL,
    business_id {id} NOT NULL REFERENCES business (id),
    name {text} NOT NULL,
    api_name {text} NOT NULL,
    association_mode {int} NOT NULL,    -- 0 none, 1 one_or_more
    submission_action {int} NOT NULL,   -- 0 redirect, 1 trigger_webhook
    redirect_url {text},
    webhook_url {text},
    version {int} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (id, business_id),
    UNIQUE (business_id, api_name)
) {strict};
CREATE INDEX activity_object_name ON activity_object (business_id, name, id);

CREATE TABLE logged_activity (
    id {id} NOT NULL,
    business_id {id} NOT NULL,
    lane {int} NOT NULL,
    seq {int} NOT NULL,
    activity_object_id {id} NOT NULL,
    logged_by {id} NOT NULL,            -- employee
    logged_at {int} NOT NULL,
    completed_at {int},
    completed_by {id},
    scheduled_activity_id {id},
    mentions {text} NOT NULL,           -- JSON array of employee ids
    notes {text} NOT NULL,
    delivery_id {id},                   -- NULL: no webhook
    PRIMARY KEY (id, business_id)
) {clustered};

CREATE TABLE activity_association (
    activity_id {id} NOT NULL,
    business_id {id} NOT NULL,
    position {int} NOT NULL,
    object_id {id} NOT NULL,
    record_id {id} NOT NULL,
    PRIMARY KEY (activity_id, business_id, position)
) {clustered};
CREATE INDEX activity_timeline ON activity_association (record_id, activity_id);

CREATE TABLE scheduled_activity (
    id {id} NOT NULL,
    business_id {id} NOT NULL,
    activity_object_id {id} NOT NULL,
    scheduled_by {id} NOT NULL,         -- employee
    created_at {int} NOT NULL,
    due_at {int} NOT NULL,
    original_due_at {int} NOT NULL,
    employee_id {id},
    note {text} NOT NULL,
    mentions {text} NOT NULL,
    notify_mentioned {int} NOT NULL,
    completed_at {int},
    logged_activity_id {id},
    PRIMARY KEY (id, business_id)
) {clustered};

-- The outbox is the pending part of this table: the partial index below. A delivery stops being pending only in
-- the statement that stores its outcome (I2), and is born pending in its activity's transaction (I1).
CREATE TABLE delivery (
    id {id} NOT NULL,
    business_id {id} NOT NULL,
    lane {int} NOT NULL,
    seq {int} NOT NULL,
    activity_id {id} NOT NULL,
    activity_object_id {id} NOT NULL,
    settings_version {int} NOT NULL,    -- of the activity object, when logged
    url {text} NOT NULL,                -- likewise
    state {int} NOT NULL,               -- 0 pending, 1 delivered, 2 failed
    attempts {int} NOT NULL,            -- recorded ones
    created_at {int} NOT NULL,
    finished_at {int},
    PRIMARY KEY (id, business_id)
) {clustered};
CREATE INDEX outbox ON delivery (lane, activity_object_id, seq) WHERE state = 0;

CREATE TABLE delivery_attempt (
    delivery_id {id} NOT NULL,
    business_id {id} NOT NULL,
    number {int} NOT NULL,
    started_at {int} NOT NULL,
    succeeded {int} NOT NULL,
    status {int},
    error_class {text},
    detail {text} NOT NULL,
    recovered {int} NOT NULL,
    wire_sends {int} NOT NULL,
    dns_us {int} NOT NULL,
    connect_us {int} NOT NULL,
    tls_us {int} NOT NULL,
    first_byte_us {int} NOT NULL,
    total_us {int} NOT NULL,
    response_headers {text} NOT NULL,
    response_body {text} NOT NULL,
    response_body_cut {int} NOT NULL,
    PRIMARY KEY (delivery_id, business_id, number)
) {clustered};

CREATE TABLE notification (
    id {id} NOT NULL,
    business_id {id} NOT NULL,
    kind {int} NOT NULL,                -- 1 delivery_failed
    created_at {int} NOT NULL,
    delivery_id {id} NOT NULL,
    attempt {int} NOT NULL,             -- the one that failed
    activity_id {id} NOT NULL,
    activity_object_id {id} NOT NULL,
    url {text} NOT NULL,
    status {int},
    error_class {text},
    detail {text} NOT NULL,
    PRIMARY KEY (id, business_id),
    UNIQUE (delivery_id, business_id, attempt)
) {clustered};
