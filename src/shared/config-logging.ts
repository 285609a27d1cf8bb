import { key, mayLack, oneOf, path, section } from "./config-values.ts";

/** The same in both configuration files. */
export const Logging = section({
  level: key(oneOf(["debug", "info", "warn", "error"]), "info", "The least important lines to write."),
  format: key(
    oneOf(["text", "json"]),
    "text",
    "text for people, json for log collectors (one object a line).",
  ),
  output_path: mayLack(path, "The file to append to; without it, standard output."),
});
