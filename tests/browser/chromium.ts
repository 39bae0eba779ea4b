import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { root, workDir } from '../../scripts/lib/paths.mjs';

/** The npm package contains a Chromium for Linux on x64. Elsewhere the tests use an installed Chrome. */
export const usesPackagedChromium = process.platform === 'linux' && process.arch === 'x64';

const { version } = JSON.parse(readFileSync(join(root, 'node_modules/@sparticuz/chromium/package.json'), 'utf8')) as {
  version: string;
};

export const chromiumFolder = join(workDir, `chromium-${version}`);

/** A name of this machine that browsers don't treat as localhost, so that its pages have no secure context. */
export const OTHER_HOST = 'nocobase.test';

const resolveOtherHost = `--host-resolver-rules=MAP ${OTHER_HOST} 127.0.0.1`;

export function launchChromium(): Promise<Browser> {
  return usesPackagedChromium
    ? chromium.launch({
        executablePath: join(chromiumFolder, 'chromium'),
        // Chromium has no sandbox when run as root, as in most containers. It only opens our own pages.
        args: ['--no-sandbox', '--disable-dev-shm-usage', '--font-render-hinting=none', resolveOtherHost],
        env: { ...process.env, LD_LIBRARY_PATH: join(chromiumFolder, 'al2023/lib') } as Record<string, string>,
      })
    : chromium.launch({ channel: 'chrome', args: [resolveOtherHost] });
}
