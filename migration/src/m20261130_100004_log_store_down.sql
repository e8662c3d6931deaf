DROP TABLE log_object;
ALTER TABLE placement DROP COLUMN log_bytes;
ALTER TABLE placement DROP COLUMN log_lines;
DROP INDEX job_log_aging;
DROP INDEX job_log_kept;
ALTER TABLE job DROP COLUMN log_state;
