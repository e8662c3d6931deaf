ALTER TABLE placement ADD COLUMN end_cause text CHECK (end_cause IN ('COMMAND', 'NEVER_STARTED', 'LOST'));
UPDATE placement SET end_cause = CASE cause WHEN 'IMAGE_REFUSED' THEN 'COMMAND' ELSE cause END WHERE cause IS NOT NULL;
ALTER TABLE placement DROP COLUMN cause;
ALTER TABLE placement RENAME COLUMN end_cause TO cause;
