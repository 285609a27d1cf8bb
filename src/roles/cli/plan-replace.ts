import { constants } from "node:fs";
import { access, lstat, readdir } from "node:fs/promises";
import { basename, dirname, extname } from "node:path";
import type { MasterConfig } from "../../shared/config.ts";
import { ORIGINALS_REL } from "../../shared/originals.ts";
import { obstacleTo } from "../../shared/replaceable.ts";

/** Why storage.replace would leave a film alone, as far as whoever asks may see; null: `output` would take its place. */
export async function obstacleToReplacing(of: {
  path: string;
  config: MasterConfig;
  output: string;
}): Promise<ReturnType<typeof obstacleTo>> {
  const { path, config, output } = of;
  const folder = dirname(path);
  const [film, root] = await Promise.all([path, config.scanner.root_path].map((each) => lstat(each)));
  const same_name = extname(output).toLowerCase() === extname(path).toLowerCase();
  const wanted = basename(output).toLowerCase();
  const others = (await readdir(folder)).filter((name) => name !== basename(path));
  return obstacleTo({
    names: film?.nlink ?? 1,
    same_device: film?.dev === root?.dev,
    writable: ((film?.mode ?? 0) & 0o222) !== 0 && (await mayWrite(path)),
    folder_writable: await mayWrite(folder),
    // Only a master tries that out: it makes a file.
    can_link: true,
    beside: same_name ? null : (others.find((name) => name.toLowerCase() === wanted) ?? null),
    same_name,
  });
}

function mayWrite(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** What people should know of a result that takes its film's place. */
export function onReplacing({ storage, scanner }: MasterConfig): string[] {
  if (!storage.replace) return [];
  const kept = `${scanner.root_path}/${ORIGINALS_REL}`;
  return [
    `Once it was verified in full, the result takes the film's place; the original is kept in ${kept} (storage.replace), and \`vc undo\` puts it back.`,
  ];
}
