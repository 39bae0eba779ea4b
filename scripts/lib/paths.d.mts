/** The repository, without a trailing slash. */
export const root: string;

/** Everything made at run time and ignored by git. */
export const workDir: string;

/** The installed NocoBase, with its packages in `node_modules`. */
export const runtimeDir: string;
