ALTER TABLE gpu DROP COLUMN shares_enforced;
