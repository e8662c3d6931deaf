ALTER TABLE host DROP COLUMN fast_failures;
