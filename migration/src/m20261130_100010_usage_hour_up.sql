-- An empty model type: the job named none. Seconds are of whole GPUs.
CREATE TABLE usage_hour (
  hour integer NOT NULL,
  organization_id {uuid} NOT NULL REFERENCES organization (id),
  submitted_by text NOT NULL,
  model_type text NOT NULL,
  gpu_type text NOT NULL,
  observed_seconds double precision NOT NULL CHECK (observed_seconds >= 0),
  used_seconds double precision NOT NULL CHECK (used_seconds >= 0),
  PRIMARY KEY (organization_id, hour, submitted_by, model_type, gpu_type)
);
CREATE INDEX usage_hour_by_age ON usage_hour (hour);
