import { posix } from "node:path";

/** What file systems in use allow for one name, in bytes of UTF-8. */
const MAX_NAME_BYTES = 255;

/**
 * The names that a source's result may have, best first: `dir/a.mp4`, then `dir/a.avi.mp4`, then
 * `dir/a.avi.2.mp4` and so on without end. '/'-separated, under the output base.
 */
export function* outputNames(source_rel: string, extension: string): Generator<string> {
  const { dir, name, ext } = posix.parse(source_rel);
  const folder = dir === "" ? "" : `${dir}/`;
  const place = (stem: string, tail: string) => folder + fitted(stem, `${tail}.${extension}`, source_rel);
  yield place(name, "");
  yield place(name, ext);
  for (let number = 2; ; number++) yield place(name, `${ext}.${number}`);
}

/** The name of a file that goes with a result, beside it: `dir/a.mp4` and `ger.sup` make `dir/a.ger.sup`. */
export function besideName(of: { source_rel: string; output_rel: string }, tail: string): string {
  const { dir, name } = posix.parse(of.output_rel);
  const folder = dir === "" ? "" : `${dir}/`;
  return folder + fitted(name, `.${tail}`, of.source_rel);
}

/** What must be unique: file systems differ in which letters they take for the same. */
export function outputKey(output_rel: string): string {
  return output_rel.normalize("NFC").toLowerCase().normalize("NFC");
}

/** Shortens a stem that would make the name too long; a hash of the whole source keeps it apart from its like. */
function fitted(stem: string, tail: string, source_rel: string): string {
  if (Buffer.byteLength(stem + tail) <= MAX_NAME_BYTES) return stem + tail;
  const hash = new Bun.CryptoHasher("sha256").update(source_rel).digest("hex").slice(0, 10);
  const end = `~${hash}${tail}`;
  let kept = "";
  for (const character of stem) {
    if (Buffer.byteLength(kept + character + end) > MAX_NAME_BYTES) break;
    kept += character;
  }
  return kept + end;
}
