/** The repository, without a trailing slash. */
export const root: string;

/** Everything made at run time and ignored by git. */
export const workDir: string;
