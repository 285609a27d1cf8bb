const DURATION_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_BYTES: Record<string, number> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };
const RATE_BITS: Record<string, number> = { "": 1, k: 1000, m: 1_000_000, g: 1_000_000_000 };

/** A thousand years: with it every time to come is still a date. */
const LONGEST_MS = 365_250 * 86_400_000;

/** `30s`, `2h`, `1h30m`, `500ms` or `0` in milliseconds; null for anything else, and for more than a thousand years. */
export function parseDuration(text: string): number | null {
  if (text.trim() === "0") return 0;
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== text.trim()) return null;
  const all_ms = parts.map(([, amount, unit]) => Number(amount) * (DURATION_MS[unit ?? ""] ?? 0));
  const sum_ms = all_ms.reduce((sum, ms) => sum + ms, 0);
  return sum_ms <= LONGEST_MS ? sum_ms : null;
}

/** `500M`, `20 GB`, `20GiB` or `1024` in bytes (powers of 1024, as disks are filled); null for anything else. */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  return match === null
    ? null
    : Math.round(Number(match[1]) * (SIZE_BYTES[(match[2] ?? "").toLowerCase()] ?? 1));
}

/** `5M`, `128k`, `2.5 Mbit/s` or `800000` in bits per second (powers of 1000, as ffmpeg reads them). */
export function parseBitRate(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:bit\/s|bps)?$/i.exec(text.trim());
  return match === null
    ? null
    : Math.round(Number(match[1]) * (RATE_BITS[(match[2] ?? "").toLowerCase()] ?? 1));
}

/** `1920x1080` as a box in pixels; null for anything else. */
export function parseResolution(text: string): { width: number; height: number } | null {
  const match = /^(\d{2,5})x(\d{2,5})$/.exec(text.trim());
  return match === null ? null : { width: Number(match[1]), height: Number(match[2]) };
}
