import type { Platform } from './platforms.mjs';

export function releasedAddons(all?: Platform[], promised?: string[]): (Platform & { sha256: string })[];
