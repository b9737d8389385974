-- Whose an entry was before a change, and of which type: who could not see it then is not told that it has gone.
-- Empty in rows from before: those are told to whoever may see all.

ALTER TABLE timeline_change ADD COLUMN activity_object_id {id};
ALTER TABLE timeline_change ADD COLUMN employee_id {id};   -- who logged it, or was to do it
ALTER TABLE timeline_change ADD COLUMN role_id {id};
