/**
 * Where the tests let a process die at once, as by `kill -9`: VC_CRASH_AT=NAME. One name for each side of every step by
 * which a film is claimed, handed in and published. They lie in the order in which a film passes them.
 */
export const CRASH_POINTS = {
  "claim.granting": { role: "master", dies: "a claim has come, nothing is changed" },
  "claim.granted": { role: "master", dies: "the film is given away, not committed" },
  "claim.committed": { role: "master", dies: "the claim is durable, not answered" },
  "claim.answered": { role: "worker", dies: "the worker knows its film, and has not begun" },
  "claim.begun": { role: "worker", dies: "the film's conversion was started" },
  "hand_in.calling": { role: "worker", dies: "the film is made and checked, the master not told" },
  "hand_in.received": { role: "master", dies: "the hand-in has come, nothing is recorded" },
  "hand_in.recorded": { role: "master", dies: "the intent to publish is written, not committed" },
  "hand_in.committed": { role: "master", dies: "the intent is durable, no file is touched" },
  "publish.checked": { role: "master", dies: "source and staged file are checked" },
  "publish.own": { role: "master", dies: "the staged file has the master's owner and mode" },
  "publish.folder": { role: "master", dies: "the film's folder exists" },
  "publish.linked": { role: "master", dies: "the film has both of its names" },
  "publish.named": { role: "master", dies: "the film has its name alone" },
  "publish.cleared": { role: "master", dies: "nothing staged is left" },
  "publish.folder_synced": { role: "master", dies: "the film's folder is durable, those above it are not" },
  "publish.synced": { role: "master", dies: "all folders are durable" },
  "publish.noted": { role: "master", dies: "the film is noted beside the backups" },
  "replace.own": { role: "master", dies: "the result has the original's owner and mode", when: "replacing" },
  "replace.folder": { role: "master", dies: "the folder in quarantine exists", when: "replacing" },
  "replace.kept": { role: "master", dies: "the original has its name in quarantine", when: "replacing" },
  "replace.kept_synced": { role: "master", dies: "that name is durable", when: "replacing" },
  "replace.named": { role: "master", dies: "the result has its name", when: "replacing" },
  "replace.named_synced": { role: "master", dies: "the result's name is durable", when: "replacing" },
  "replace.cleared": { role: "master", dies: "nothing staged is left", when: "replacing" },
  "publish.recorded": { role: "master", dies: "that it is completed is written, not committed" },
  "publish.committed": { role: "master", dies: "that it is completed is durable, not answered" },
  "hand_in.answered": { role: "worker", dies: "the worker knows that its film is published" },
  "undo.recorded": { role: "master", dies: "an undo is begun, no file is touched", when: "undoing" },
  "undo.returned": { role: "master", dies: "the original is back", when: "undoing" },
  "undo.cleared": { role: "master", dies: "the result is gone", when: "undoing" },
  "undo.committed": { role: "master", dies: "that it is undone is durable, not answered", when: "undoing" },
  "purge.recorded": { role: "master", dies: "an original is about to be deleted", when: "purging" },
  "purge.deleted": { role: "master", dies: "the original is deleted, not recorded", when: "purging" },
  "purge.committed": { role: "master", dies: "that it is deleted is durable", when: "purging" },
} as const satisfies Record<
  string,
  { role: "master" | "worker"; dies: string; when?: "replacing" | "undoing" | "purging" }
>;

export type CrashPoint = keyof typeof CRASH_POINTS;

const armed = process.env.VC_CRASH_AT;

/** Costs a comparison; only tests set the variable. */
export function crashPoint(name: CrashPoint): void {
  if (armed === name) process.kill(process.pid, "SIGKILL");
}
