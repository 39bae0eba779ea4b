/** The tarball that is published and uploaded, with a hash of its contents. */
export function pack(): Promise<{ file: string; hash: string }>;
