ALTER TABLE `jobs` ADD `profile` text;--> statement-breakpoint
ALTER TABLE `jobs` ADD `wish_key` text;