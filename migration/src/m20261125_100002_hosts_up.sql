ALTER TABLE host ADD COLUMN unfit_reason text;
ALTER TABLE host ADD COLUMN containment text;
ALTER TABLE host ADD COLUMN warnings {json} NOT NULL DEFAULT '[]';
ALTER TABLE host ADD COLUMN removed_at {time};
