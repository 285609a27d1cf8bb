/** What the file system says of a film that is to be replaced. */
export type Traits = {
  /** Names of the file (hard links). */
  names: number;
  /** It lies on root_path's file system. */
  same_device: boolean;
  /** Somebody may write into it, and this user may. */
  writable: boolean;
  /** This user may take names from its folder and make new ones. */
  folder_writable: boolean;
  /** Files can have several names here. */
  can_link: boolean;
  /** Another entry of its folder that has the result's name, as far as letters' case goes. */
  beside: string | null;
  same_name: boolean;
};

/** Why a film cannot be replaced, before anything is done; null: it can. */
export function obstacleTo(
  traits: Traits,
): { reason: "not_replaceable" | "name_taken"; message: string } | null {
  const because = (text: string) => ({
    reason: "not_replaceable" as const,
    message: `Left alone, as storage.replace cannot replace it: ${text}`,
  });
  if (traits.names > 1)
    return because(
      `the file has ${traits.names} names (hard links). The others would keep the original, and its room.`,
    );
  if (!traits.writable) return because("the file is read-only. Make it writable, and it is converted.");
  if (!traits.folder_writable)
    return because("its folder is read-only for this user. Make it writable, and the film is converted.");
  if (!traits.same_device)
    return because(
      "it lies on another file system than root_path, to whose quarantine the original would have to be copied. Give that one a master of its own.",
    );
  if (traits.same_name && !traits.can_link)
    return because(
      "the result would have the same name, and this file system knows no second names (hard links), without which the film would be missing for a moment. Choose another container.",
    );
  if (traits.beside === null) return null;
  const message = `Left alone: ${traits.beside} beside it has the name that the result would get. Move one of them away.`;
  return { reason: "name_taken", message };
}
