export type Branch = string | { text: string; below: Branch[] };

/** A title with branches, as `tree` draws them. */
export function tree(title: string, branches: Branch[]): string {
  return [title, ...branchLines(branches)].join("\n");
}

function branchLines(branches: Branch[]): string[] {
  return branches.flatMap((branch, index) => {
    const last = index === branches.length - 1;
    const { text, below } = typeof branch === "string" ? { text: branch, below: [] } : branch;
    const deeper = branchLines(below).map((line) => `${last ? "   " : "│  "}${line}`);
    return [`${last ? "└─" : "├─"} ${text}`, ...deeper];
  });
}
