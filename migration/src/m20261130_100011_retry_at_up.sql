ALTER TABLE job ADD COLUMN retry_at {time};
ALTER TABLE job ADD COLUMN retry_pause_seconds integer NOT NULL DEFAULT 10 CHECK (retry_pause_seconds >= 0);
CREATE INDEX job_by_retried ON job (retry_of) WHERE retry_of IS NOT NULL;
