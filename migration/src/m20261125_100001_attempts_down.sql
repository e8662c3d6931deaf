ALTER TABLE liveness DROP COLUMN lease_seconds;
ALTER TABLE placement DROP COLUMN log_complete;
ALTER TABLE placement DROP COLUMN cause;
ALTER TABLE job DROP COLUMN excused;
