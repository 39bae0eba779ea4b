/** Builds and packs version 0.1.0 of the plugin once. Returns the tarball. */
export function packPrevious(onLine?: (line: string) => void): Promise<string>;
