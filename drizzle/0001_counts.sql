-- job_counts follows jobs, films only. New films are counted by whoever inserts them, once a batch: a trigger
-- would make every insert four times as slow. No conflict clauses in here: the outer statement's would replace them.
INSERT INTO `job_counts` VALUES ('pending', '', 0, 0, 0, 0);
--> statement-breakpoint
CREATE TRIGGER `jobs_counted_update` AFTER UPDATE OF status, reason, source_size, output_size, source_duration ON `jobs` WHEN NEW.parent_id IS NULL BEGIN
	UPDATE `job_counts` SET
		jobs = jobs - 1,
		source_bytes = source_bytes - OLD.source_size,
		output_bytes = output_bytes - coalesce(OLD.output_size, 0),
		source_ms = source_ms - CAST(coalesce(OLD.source_duration, 0) * 1000 AS INTEGER)
		WHERE status = OLD.status AND reason = coalesce(OLD.reason, '');
	INSERT INTO `job_counts` SELECT NEW.status, coalesce(NEW.reason, ''), 0, 0, 0, 0
		WHERE NOT EXISTS (SELECT 1 FROM `job_counts` WHERE status = NEW.status AND reason = coalesce(NEW.reason, ''));
	UPDATE `job_counts` SET
		jobs = jobs + 1,
		source_bytes = source_bytes + NEW.source_size,
		output_bytes = output_bytes + coalesce(NEW.output_size, 0),
		source_ms = source_ms + CAST(coalesce(NEW.source_duration, 0) * 1000 AS INTEGER)
		WHERE status = NEW.status AND reason = coalesce(NEW.reason, '');
END;
--> statement-breakpoint
CREATE TRIGGER `jobs_counted_delete` AFTER DELETE ON `jobs` WHEN OLD.parent_id IS NULL BEGIN
	UPDATE `job_counts` SET
		jobs = jobs - 1,
		source_bytes = source_bytes - OLD.source_size,
		output_bytes = output_bytes - coalesce(OLD.output_size, 0),
		source_ms = source_ms - CAST(coalesce(OLD.source_duration, 0) * 1000 AS INTEGER)
		WHERE status = OLD.status AND reason = coalesce(OLD.reason, '');
END;
