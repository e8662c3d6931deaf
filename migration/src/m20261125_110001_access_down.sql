ALTER TABLE job DROP COLUMN retry_of;
ALTER TABLE signing_key DROP COLUMN last_seen_at;
DROP TABLE audit;
