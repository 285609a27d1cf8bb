import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * A real program that stands in for ffmpeg: it answers -version, runs `body` (JavaScript, with `argv`, `target` and
 * `say`) when it is asked to convert, and hands everything else to the real one. Only where scripts can be started
 * by their first line.
 */
export async function makeFake(
  folder: string,
  name: string,
  body: string,
  real = "ffmpeg",
  version = "5.1-fake",
): Promise<string> {
  const path = join(folder, `${name}.js`);
  const asked = `${path}.asked.js`;
  const program = `const argv = process.argv.slice(2);
const fs = require("node:fs");
const real = (options) => Bun.spawnSync([${JSON.stringify(real)}, ...options], { stdio: ["ignore", "inherit", "inherit"] }).exitCode;
const target = argv.at(-1).slice("file:".length);
const say = (line) => fs.writeSync(2, line + "\\n");
const beat = (frame, state = "continue") => say(\`frame=\${frame}\\nout_time_us=\${frame * 40000}\\ntotal_size=\${frame}\\nprogress=\${state}\`);
${body}
`;
  // JavaScript takes its time to start: only what needs it gets there.
  const front = `#!/bin/sh
if [ "$1" = -version ]; then echo 'ffmpeg version ${version}'; exit 0; fi
for one do if [ "$one" = -progress ]; then exec ${quoted(process.execPath)} ${quoted(asked)} "$@"; fi; done
exec ${quoted(real)} "$@"
`;
  await writeFile(asked, program);
  await writeFile(path, front);
  await chmod(path, 0o755);
  return path;
}

/** One word for a shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Waits for ever. */
export const FOREVER = "setInterval(() => {}, 1000);";

/** Defines `cpu(filter)`: the planned command without its GPU, and with one more filter of pictures. */
export const WITHOUT_GPU = `
const GPU_OPTIONS = ["-init_hw_device", "-filter_hw_device", "-hwaccel", "-hwaccel_device", "-hwaccel_output_format"];
const cpu = (filter = "null") => {
  const plain = argv.filter((one, n) => !GPU_OPTIONS.includes(one) && !GPU_OPTIONS.includes(argv[n - 1]));
  const at = plain.indexOf("-filter:v:0") + 1;
  plain[at] = plain[at].replace("hwdownload,", "").replace("scale_vulkan=", "scale=") + "," + filter;
  return real(plain);
};`;
