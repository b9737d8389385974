-- Who may do what (src/crm/access.h). Grants: one column for each kind of thing, two bits for each verb (view, log,
-- create, edit, delete, from the lowest): 0 none, 1 my, 3 all. So what several groups grant together is their bits' OR.

CREATE TABLE permission_group (
    id {id} NOT NULL,                   -- the Business's own id: the owner group, which may do everything
    business_id {id} NOT NULL REFERENCES business (id),
    name {text} NOT NULL,
    activities {int} NOT NULL,
    scheduled {int} NOT NULL,
    records {int} NOT NULL,
    objects {int} NOT NULL,
    webhooks {int} NOT NULL,
    people {int} NOT NULL,
    version {int} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (id, business_id),
    UNIQUE (business_id, name)
) {strict};

CREATE TABLE employee_group (
    employee_id {id} NOT NULL,
    group_id {id} NOT NULL,
    business_id {id} NOT NULL,
    PRIMARY KEY (employee_id, group_id)
) {strict};
CREATE INDEX employee_group_members ON employee_group (group_id, employee_id);

CREATE TABLE role_group (
    role_id {id} NOT NULL,
    group_id {id} NOT NULL,
    business_id {id} NOT NULL,
    PRIMARY KEY (role_id, group_id)
) {strict};
CREATE INDEX role_group_roles ON role_group (group_id, role_id);

-- Until now everybody could do everything.
INSERT INTO permission_group (id, business_id, name, activities, scheduled, records, objects, webhooks, people, version,
        created_at)
    SELECT id, id, 'Owners', 1023, 1023, 1023, 1023, 1023, 1023, 1, created_at FROM business;
INSERT INTO employee_group (employee_id, group_id, business_id) SELECT id, business_id, business_id FROM employee;

-- 0: activities of this type are for everyone; 1: for those whom activity_object_share names.
ALTER TABLE activity_object ADD COLUMN restricted {int} NOT NULL DEFAULT 0;
CREATE TABLE activity_object_share (
    activity_object_id {id} NOT NULL,
    subject_id {id} NOT NULL,           -- a role or an employee
    business_id {id} NOT NULL,
    is_role {int} NOT NULL,
    PRIMARY KEY (activity_object_id, subject_id)
) {strict};
CREATE INDEX activity_object_restricted ON activity_object (business_id, id) WHERE restricted = 1;

-- Lists and searches of those who see their own records only.
ALTER TABLE record_search ADD COLUMN owner_id {id};
UPDATE record_search SET owner_id = (SELECT r.owner_id FROM record r WHERE r.id = record_search.record_id
    AND r.business_id = record_search.business_id);
CREATE INDEX record_search_own ON record_search (object_id, owner_id, sort_name, record_id);
CREATE INDEX record_search_own_age ON record_search (object_id, owner_id, record_id);
CREATE INDEX record_search_own_email ON record_search (object_id, owner_id, sort_email, record_id);
