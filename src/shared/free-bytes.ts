/**
 * Gives memory back at once that the collector, which sees small objects only, would let pile up. Nobody may use the
 * bytes any more. Those that are a part of something larger stay.
 */
export function freeBytes({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
