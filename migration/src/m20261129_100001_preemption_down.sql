ALTER TABLE job DROP COLUMN preempted_for;
