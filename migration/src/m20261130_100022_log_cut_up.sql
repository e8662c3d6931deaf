ALTER TABLE placement ADD COLUMN log_cut boolean NOT NULL DEFAULT false;
UPDATE placement SET log_cut = true WHERE EXISTS (
  SELECT 1 FROM log_chunk
  WHERE log_chunk.job_id = placement.job_id AND log_chunk.attempt = placement.attempt
    AND log_chunk.host_id = placement.host_id AND log_chunk.bytes = 0
);
