ALTER TABLE placement ADD COLUMN end_cause text
    CHECK (end_cause IN ('COMMAND', 'NEVER_STARTED', 'IMAGE_REFUSED', 'LOST'));
UPDATE placement SET end_cause = cause WHERE cause IS NOT NULL;
ALTER TABLE placement DROP COLUMN cause;
ALTER TABLE placement RENAME COLUMN end_cause TO cause;
