ALTER TABLE job DROP COLUMN preempted;
ALTER TABLE job DROP COLUMN preempted_at;
ALTER TABLE job DROP COLUMN preempted_for;
