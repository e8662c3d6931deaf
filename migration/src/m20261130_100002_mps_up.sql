ALTER TABLE gpu ADD COLUMN shares_enforced boolean;
