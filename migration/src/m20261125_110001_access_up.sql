-- Appended in the transaction of the change that it tells of, and never edited.
CREATE TABLE audit (
  id {uuid} NOT NULL PRIMARY KEY,
  at {time} NOT NULL,
  organization_id {uuid},
  actor text NOT NULL,
  role text NOT NULL,
  api_key_id {uuid},
  action text NOT NULL,
  subject text,
  changes {json} NOT NULL,
  request_id text NOT NULL,
  address text
);
CREATE INDEX audit_by_time ON audit (at, id);

ALTER TABLE signing_key ADD COLUMN last_seen_at {time};

ALTER TABLE job ADD COLUMN retry_of {uuid};
