CREATE TABLE `attempts` (
	`job_id` text NOT NULL,
	`attempt` integer NOT NULL,
	`worker_id` text NOT NULL,
	`claim_id` text,
	`protocol` integer NOT NULL,
	`source_size` integer NOT NULL,
	`source_mtime_ns` text NOT NULL,
	`extension` text NOT NULL,
	`started_at` text NOT NULL,
	`ended_at` text,
	`outcome` text,
	`reason` text,
	`message` text,
	`output_size` integer,
	`report` text DEFAULT '{}' NOT NULL,
	`outputs` text,
	`ended_by` text,
	`answer` text,
	PRIMARY KEY(`job_id`, `attempt`)
);
--> statement-breakpoint
CREATE INDEX `attempts_claim` ON `attempts` (`claim_id`) WHERE claim_id is not null;--> statement-breakpoint
CREATE TABLE `job_counts` (
	`status` text NOT NULL,
	`reason` text NOT NULL,
	`jobs` integer NOT NULL,
	`source_bytes` integer NOT NULL,
	`output_bytes` integer NOT NULL,
	`source_ms` integer NOT NULL,
	PRIMARY KEY(`status`, `reason`)
);
--> statement-breakpoint
CREATE TABLE `jobs` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text DEFAULT 'film' NOT NULL,
	`parent_id` text,
	`source_path` text NOT NULL,
	`output_path` text NOT NULL,
	`source_rel` text NOT NULL,
	`output_rel` text NOT NULL,
	`output_key` text NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`error_message` text,
	`worker_id` text,
	`attempt` integer DEFAULT 0 NOT NULL,
	`priority` integer DEFAULT 0 NOT NULL,
	`retry_count` integer DEFAULT 0 NOT NULL,
	`max_retries` integer DEFAULT 3 NOT NULL,
	`lost_count` integer DEFAULT 0 NOT NULL,
	`not_before_ms` integer DEFAULT 0 NOT NULL,
	`created_at` text NOT NULL,
	`started_at` text,
	`completed_at` text,
	`updated_ms` integer NOT NULL,
	`source_size` integer NOT NULL,
	`source_mtime_ns` text NOT NULL,
	`source_duration` real,
	`output_size` integer,
	`notes` text DEFAULT '[]' NOT NULL,
	`published_rel` text,
	`published_size` integer,
	`published_mtime_ns` text
);
--> statement-breakpoint
CREATE INDEX `jobs_claim` ON `jobs` ("priority" desc,`created_at`) WHERE status = 'pending' and not_before_ms = 0;--> statement-breakpoint
CREATE INDEX `jobs_waiting` ON `jobs` (`not_before_ms`) WHERE not_before_ms > 0;--> statement-breakpoint
CREATE UNIQUE INDEX `jobs_source` ON `jobs` (`source_rel`) WHERE parent_id is null;--> statement-breakpoint
CREATE UNIQUE INDEX `jobs_output` ON `jobs` (`output_key`) WHERE parent_id is null;--> statement-breakpoint
CREATE INDEX `jobs_status` ON `jobs` (`status`,`updated_ms`);--> statement-breakpoint
CREATE INDEX `jobs_updated` ON `jobs` (`updated_ms`);--> statement-breakpoint
CREATE INDEX `jobs_completed` ON `jobs` (`completed_at`) WHERE status = 'completed';--> statement-breakpoint
CREATE INDEX `jobs_held` ON `jobs` (`worker_id`) WHERE status in ('processing', 'publishing');--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`worker_id` text NOT NULL,
	`started_at` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `workers` (
	`id` text PRIMARY KEY NOT NULL,
	`hostname` text NOT NULL,
	`last_heartbeat` text,
	`vulkan_available` integer DEFAULT false NOT NULL,
	`active_jobs` integer DEFAULT 0 NOT NULL,
	`gpu_name` text,
	`gpu_usage` real,
	`cpu_usage` real,
	`memory_usage` real,
	`session` text,
	`concurrency` integer DEFAULT 1 NOT NULL,
	`version` text,
	`problem` text,
	`draining` integer DEFAULT false NOT NULL,
	`completed` integer DEFAULT 0 NOT NULL,
	`failed` integer DEFAULT 0 NOT NULL,
	`lost` integer DEFAULT 0 NOT NULL,
	`encode_ms` integer DEFAULT 0 NOT NULL,
	`verify_ms` integer DEFAULT 0 NOT NULL
);
