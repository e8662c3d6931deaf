ALTER TABLE organization ADD COLUMN idle_action text NOT NULL DEFAULT 'NOTIFY' CHECK (idle_action IN ('NOTHING', 'NOTIFY', 'STOP'));
ALTER TABLE organization ADD COLUMN idle_window_minutes integer NOT NULL DEFAULT 30 CHECK (idle_window_minutes > 0);
ALTER TABLE organization ADD COLUMN idle_grace_minutes integer NOT NULL DEFAULT 15 CHECK (idle_grace_minutes > 0);
ALTER TABLE organization ADD COLUMN idle_utilization_percent integer NOT NULL DEFAULT 5 CHECK (idle_utilization_percent > 0);
ALTER TABLE job ADD COLUMN idle {json};
