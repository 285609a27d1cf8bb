ALTER TABLE `workers` ADD `record` text;--> statement-breakpoint
CREATE INDEX `attempts_expired` ON `attempts` (`worker_id`) WHERE outcome = 'lost' and reason = 'lease_expired';