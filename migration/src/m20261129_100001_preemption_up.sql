ALTER TABLE job ADD COLUMN preempted_for {uuid};
ALTER TABLE job ADD COLUMN preempted_at {time};
ALTER TABLE job ADD COLUMN preempted integer NOT NULL DEFAULT 0;
