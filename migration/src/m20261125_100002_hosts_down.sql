ALTER TABLE host DROP COLUMN removed_at;
ALTER TABLE host DROP COLUMN warnings;
ALTER TABLE host DROP COLUMN containment;
ALTER TABLE host DROP COLUMN unfit_reason;
