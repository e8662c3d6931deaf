ALTER TABLE job ADD COLUMN preempted_for {uuid};
