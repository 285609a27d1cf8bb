declare const VC_VERSION: string;

/** The version of this executable; `dev` when it runs from its sources. */
export const version = typeof VC_VERSION === "string" ? VC_VERSION : "dev";
