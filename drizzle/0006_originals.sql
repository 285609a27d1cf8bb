CREATE TABLE `originals` (
	`job_id` text NOT NULL,
	`attempt` integer NOT NULL,
	`source_rel` text NOT NULL,
	`kept_rel` text NOT NULL,
	`size` integer NOT NULL,
	`mtime_ns` text NOT NULL,
	`output_rel` text NOT NULL,
	`output_key` text NOT NULL,
	`output_size` integer,
	`output_mtime_ns` text,
	`state` text NOT NULL,
	`replaced_ms` integer NOT NULL,
	`ended_ms` integer,
	PRIMARY KEY(`job_id`, `attempt`)
);
--> statement-breakpoint
CREATE INDEX `originals_output` ON `originals` (`output_key`);--> statement-breakpoint
CREATE INDEX `originals_state` ON `originals` (`state`,`replaced_ms`);