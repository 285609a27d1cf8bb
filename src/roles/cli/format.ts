/** Numbers for people, without regard to the machine's language. */

const thousands = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

/** `45,230`, or with a noun `1 job`, `45,230 jobs`. */
export function count(value: number, noun?: string): string {
  const number = thousands.format(value);
  return noun === undefined ? number : `${number} ${noun}${value === 1 ? "" : "s"}`;
}

/** `27.5%` of a whole. Never 0.0% of something, and 100.0% only of all. */
export function percent(part: number, total: number): string {
  if (part === 0 || total === 0) return "0.0%";
  const value = (100 * part) / total;
  if (value < 0.1) return "<0.1%";
  if (part < total && value > 99.9) return ">99.9%";
  return `${value.toFixed(1)}%`;
}

/** Powers of 1024: `512 B`, `1.4 GiB`. */
export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(5, Math.floor(Math.log2(value) / 10));
  const unit = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"][power];
  return power === 0 ? `${Math.round(value)} B` : `${(value / 1024 ** power).toFixed(1)} ${unit}`;
}

const UNITS = [
  { seconds: 86_400, name: "d" },
  { seconds: 3600, name: "h" },
  { seconds: 60, name: "min" },
  { seconds: 1, name: "s" },
];

/** The two largest units: `42 days`, `2 d 3 h`, `1 min 5 s`, `0.4 s`. */
export function seconds(value: number): string {
  if (value < 10) return `${Math.round(value * 10) / 10} s`;
  const whole = Math.round(value);
  if (whole >= 10 * 86_400) return count(Math.round(whole / 86_400), "day");
  const first = UNITS.findIndex((unit) => whole >= unit.seconds);
  const [large, small] = UNITS.slice(first, first + 2);
  if (large === undefined) return "0 s";
  const rest = whole % large.seconds;
  const fine = small === undefined ? 0 : Math.floor(rest / small.seconds);
  const head = `${Math.floor(whole / large.seconds)} ${large.name}`;
  return small === undefined || fine === 0 ? head : `${head} ${fine} ${small.name}`;
}

/** How long `timestamp` (RFC 3339) lies back: `12 s ago`; `never` for null. */
export function ago(timestamp: string | null, now_ms: number): string {
  if (timestamp === null) return "never";
  return `${seconds(Math.max(0, Math.round((now_ms - Date.parse(timestamp)) / 1000)))} ago`;
}

/** `2026-11-22 08:46:08` in UTC. */
export function moment(timestamp: string): string {
  return `${timestamp.slice(0, 19).replace("T", " ")} UTC`;
}
