/**
 * For the body of a fake ffmpeg (fake.ts): `device` is the index of the GPU that it shall use, as text, or null, and
 * `plain` the same work done by the CPU, where an encoder of NVIDIA's becomes x264.
 */
export const FAKE_GPU = `
const device = argv.find((one) => one.startsWith("vulkan=vk:"))?.at(-1) ?? null;
const device_option = /^-(init_hw_device|filter_hw_device|hwaccel\\w*)$/;
const gpu_filters = /hwupload,|hwdownload,|_vulkan/g;
const plain = argv
  .filter((one, n) => !device_option.test(one) && !device_option.test(argv[n - 1] ?? ""))
  .map((one) => one.replace(gpu_filters, ""));
const encoder = plain.findIndex((one) => /nvenc$/.test(one));
if (encoder !== -1) plain.splice(encoder, plain.indexOf("-fps_mode") - encoder, "libx264", "-qp", "10");
`;
