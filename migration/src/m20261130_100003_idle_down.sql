ALTER TABLE job DROP COLUMN idle;
ALTER TABLE organization DROP COLUMN idle_utilization_percent;
ALTER TABLE organization DROP COLUMN idle_grace_minutes;
ALTER TABLE organization DROP COLUMN idle_window_minutes;
ALTER TABLE organization DROP COLUMN idle_action;
