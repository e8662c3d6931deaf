ALTER TABLE placement DROP COLUMN evict_reason;
DROP TABLE telemetry_hour;
ALTER TABLE telemetry DROP COLUMN use_since;
ALTER TABLE telemetry DROP COLUMN uncorrected_errors;
ALTER TABLE telemetry DROP COLUMN memory_clock_mhz;
ALTER TABLE telemetry DROP COLUMN clock_mhz;
ALTER TABLE gpu DROP COLUMN nvlink_peers;
ALTER TABLE gpu DROP COLUMN numa_node;
