/**
 * The options that make hostile files harmless, for ffmpeg and ffprobe alike. Playlists that name other files
 * (HLS, DASH, concat, IMF) are not among the formats; a source may therefore never open anything but itself.
 * Both lists are needed: with the protocols alone an HLS playlist named x.mkv still opens local files.
 */
export function guardOptions(): string[] {
  return [
    "-protocol_whitelist",
    "file",
    "-format_whitelist",
    FORMATS.join(","),
    "-max_pixels",
    `${MAX_PIXELS}`,
  ];
}

/** An address for ffmpeg that no name can turn into an option, a protocol or a pattern. */
export function fileUrl(path: string): string {
  return `file:${path}`;
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
