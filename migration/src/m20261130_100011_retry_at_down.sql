DROP INDEX job_by_retried;
ALTER TABLE job DROP COLUMN retry_pause_seconds;
ALTER TABLE job DROP COLUMN retry_at;
