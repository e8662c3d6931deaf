ALTER TABLE gpu ADD COLUMN numa_node integer;
ALTER TABLE gpu ADD COLUMN nvlink_peers {json} NOT NULL DEFAULT '[]';
ALTER TABLE telemetry ADD COLUMN clock_mhz integer;
ALTER TABLE telemetry ADD COLUMN memory_clock_mhz integer;
ALTER TABLE telemetry ADD COLUMN uncorrected_errors integer;
ALTER TABLE telemetry ADD COLUMN use_since {time};

CREATE TABLE telemetry_hour (
  gpu_id {uuid} NOT NULL REFERENCES gpu (id),
  hour integer NOT NULL,
  minutes {bytes} NOT NULL,
  PRIMARY KEY (gpu_id, hour)
);
CREATE INDEX telemetry_hour_by_age ON telemetry_hour (hour);

ALTER TABLE placement ADD COLUMN evict_reason text;
