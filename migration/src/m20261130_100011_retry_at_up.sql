ALTER TABLE job ADD COLUMN retry_at {time};
CREATE INDEX job_by_retried ON job (retry_of) WHERE retry_of IS NOT NULL;
