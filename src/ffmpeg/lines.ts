/** Cuts pieces of UTF-8 output into lines; what follows the last line break is a line once `end` is called. */
export function createLines(onLine: (line: string) => void): { add(piece: Uint8Array): void; end(): void } {
  const decoder = new TextDecoder();
  let rest = "";
  return {
    add(piece) {
      const parts = (rest + decoder.decode(piece, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      parts.forEach(onLine);
    },
    end() {
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
}
