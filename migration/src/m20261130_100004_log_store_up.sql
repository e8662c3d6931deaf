ALTER TABLE job ADD COLUMN log_state text NOT NULL DEFAULT 'KEPT' CHECK (log_state IN ('KEPT', 'MOVED', 'EXPIRING', 'EXPIRED'));
CREATE INDEX job_log_kept ON job (finished_at, id) WHERE log_state = 'KEPT' AND finished_at IS NOT NULL;
CREATE INDEX job_log_aging ON job (finished_at, id) WHERE log_state <> 'EXPIRED' AND finished_at IS NOT NULL;
-- Of a log that is not in this database any more, how far it went: what comes late goes on there.
ALTER TABLE placement ADD COLUMN log_lines integer NOT NULL DEFAULT 0 CHECK (log_lines >= 0);
ALTER TABLE placement ADD COLUMN log_bytes bigint NOT NULL DEFAULT 0 CHECK (log_bytes >= 0);
CREATE TABLE log_object (
  job_id {uuid} NOT NULL REFERENCES job (id),
  attempt integer NOT NULL,
  part integer NOT NULL,
  path text NOT NULL,
  blocks {json} NOT NULL,
  PRIMARY KEY (job_id, attempt, part)
);
