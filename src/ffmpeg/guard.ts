import { joinedFile } from "./joined.ts";

/**
 * The options that make hostile files harmless, for ffmpeg and ffprobe alike, before a source or a result that they
 * open. Playlists that name other files (HLS, DASH, concat, IMF) are not among the formats; a source may therefore never
 * open anything but itself. Both lists are needed: with the protocols alone an HLS playlist named x.mkv still opens local files.
 */
export function guardOptions(path: string): string[] {
  const most = ["-max_pixels", `${MAX_PIXELS}`];
  if (joinedFile(path) !== null) return [...JOINED, ...most];
  const protocols = isStream(path) ? STREAM : ["-protocol_whitelist", "file"];
  return [...protocols, "-format_whitelist", FORMATS.join(","), ...most];
}

/** The same for an ffmpeg to which the times in the source matter. Of joined parts it would take the sound's beginning for the film's. */
export function readOptions(path: string): string[] {
  return [...guardOptions(path), ...(joinedFile(path) === null ? [] : ["-seek_timestamp", "1"])];
}

/**
 * The only list that is ever followed is one of our own. Its parts begin with the marks of these two formats, as was
 * seen before the list was made, so that none of them can be another list.
 */
const JOINED = [
  ...["-protocol_whitelist", "data,subfile,file", "-format_whitelist", "concat,mpeg,mpegts"],
  ...["-f", "concat", "-safe", "0"],
];

/**
 * A stream reaches no file, and nothing else in the network: redirects are not followed, and a proxy that the environment
 * names is not asked. Small receive buffers, or each place that is looked at would draw megabytes that nobody reads. A
 * connection that breaks is made again twice; whoever serves the stream tries longer. There is no limit in time: the
 * watch over ffmpeg has one. Not -multiple_requests, with which ffmpeg 9 was seen to wait for ever after a seek.
 */
const STREAM = [
  ...[
    "-protocol_whitelist",
    "http,tcp",
    "-seekable",
    "1",
    "-icy",
    "0",
    "-http_proxy",
    "",
    "-max_redirects",
    "0",
  ],
  ...["-recv_buffer_size", "262144", "-reconnect", "1", "-reconnect_delay_max", "1"],
];

/**
 * A film is read from a file, by its path, or from a stream of this machine: an address that a process of vc serves on
 * the loopback, with a secret in it, by ranges of bytes. Only this shape is one; all else is a path.
 */
export function isStream(source: string): boolean {
  return SHAPE.test(source);
}

const SHAPE = /^http:\/\/127\.0\.0\.1:\d{1,5}\/[A-Za-z0-9_-]{16,128}\/film(?:\.[0-9A-Za-z]{1,10})?$/;

/** An address for ffmpeg that no name can turn into an option, a protocol or a pattern. */
export function sourceUrl(path: string): string {
  return isStream(path) || joinedFile(path) !== null ? path : fileUrl(path);
}

export function fileUrl(path: string): string {
  return `file:${path}`;
}

/** Of tools from which only errors are wanted; that a stream broke off ffmpeg only warns of. */
export function errorsOnly(path: string): string[] {
  return ["-v", isStream(path) ? "warning" : "error"];
}

/** 8192x8192: twice 8K UHD. Decoders allocate by the size that a header claims, so it must end somewhere. */
const MAX_PIXELS = 67_108_864;

/** ffmpeg's demuxers of real containers and elementary streams; the audio ones tell music from rubbish. */
const FORMATS = [
  "matroska,webm",
  "mov,mp4,m4a,3gp,3g2,mj2",
  "avi,flv,live_flv,asf,asf_o,wtv,rm,ogg,nut,mxf,mxf_opatom,gxf,dv,ivf,nuv,nsv,pva,ty,roq,gif,apng",
  "mpegts,mpegtsraw,mpeg,mpegvideo,m4v,h261,h263,h264,hevc,obu,av1,vc1,dirac,mjpeg,yuv4mpegpipe",
  "mp3,aac,ac3,eac3,dts,truehd,flac,wav,w64,aiff,caf,ape,wv,tta,amr",
  // Subtitles of Blu-rays, which are read back after they were written beside a film.
  "sup",
];
