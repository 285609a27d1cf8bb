import { type ConfigKey, listKeys, type Role } from "../src/shared/config-keys.ts";

/** docs/configuration.md, made from the schema. `bun scripts/config-docs.ts` writes it. */
export function configDocs(): string {
  return [INTRODUCTION, chapter("master"), chapter("worker")].join("\n\n").concat("\n");
}

const INTRODUCTION = `# Configuration

<!-- Made by \`bun scripts/config-docs.ts\` from src/shared/config.ts; change that. -->

A master and each worker read one YAML file: \`vc master config.yaml\`, or \`--config config.yaml\`; without either,
\`./config.yaml\` if there is one. \`vc validate FILE\` checks a file without starting anything.

- A flag beats a variable, a variable beats the file. Every key is also a flag by its path
  (\`--worker.concurrency 3\`; secrets excepted) and a variable named after it (\`VC_WORKER_CONCURRENCY=3\`).
  Lists are written with commas there.
- Relative paths are relative to the folder of the file; those from flags and variables to the current folder.
- Durations have units: \`30s\`, \`5m\`, \`2h\`, \`1h30m\`, \`500ms\`, \`1d\`; \`0\` needs none. Bit rates are in bits per
  second, with \`k\`, \`M\` or \`G\` for powers of 1000.
- An unknown key, a duplicate, a wrong type or a bad value stops the start; all mistakes are listed with their places.
- A worker needs no file: \`VC_TOKEN=... vc worker --master http://storage-server:8080\`.`;

function chapter(role: Role): string {
  const keys = listKeys(role);
  const sections = [...new Set(keys.map((key) => sectionOf(key)))];
  const tables = sections.map((section) => {
    const rows = keys.filter((key) => sectionOf(key) === section).map(row);
    return [`### ${section}`, "", "| Key | Default | Allowed | Meaning |", "|---|---|---|---|", ...rows].join(
      "\n",
    );
  });
  const title = role === "master" ? "The master's file" : "A worker's file";
  return [`## ${title}`, ...tables].join("\n\n");
}

function sectionOf(key: ConfigKey): string {
  return key.path.slice(0, key.path.indexOf("."));
}

function row(key: ConfigKey): string {
  const [, ...short] = key.env;
  const variable = short.length === 0 ? "" : ` Also ${short.map((name) => `\`${name}\``).join(", ")}.`;
  const cells = [`\`${key.path}\``, fallback(key), key.allowed, `${key.description}${variable}`];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function fallback(key: ConfigKey): string {
  if (key.needed) return "(needed)";
  if (key.fallback === null) return "";
  const shown = Array.isArray(key.fallback) ? key.fallback.join(" ") : String(key.fallback);
  return `\`${shown}\``;
}

if (import.meta.main) await Bun.write(new URL("../docs/configuration.md", import.meta.url), configDocs());
