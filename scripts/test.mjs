// `npm test`: builds everything and runs all tests. `npm test -- --project server tests/server/x.test.ts` passes its arguments
// to vitest and skips the Rust tests.
// `npm run test:rust` (`--rust`): the Rust tests. `npm run test:unit` (`--unit`): the tests of the addon and of the forms'
// models. Neither needs NocoBase, a database or the packed plugin.
// `npm run test:portable` (`--portable`): the Rust tests of the core as on a processor without vector instructions.
// `npm run test:arm64` (`--arm64`): the Rust tests and those of the exports as on arm64, by QEMU.
// `npm run test:services` (`--services`): the server tests that involve the database on PostgreSQL and MariaDB, and the tests that
// need Redis.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { checkMachine, installPackages, main } from './lib/bootstrap.mjs';
import { root, workDir } from './lib/paths.mjs';

/** Runs a test runner, prints its output, and returns its exit code and output. */
function show(command, args, env = {}, cwd = root) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
      shell: process.platform === 'win32',
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/**
 * Returns the counts of a runner. A skipped test proves nothing and counts as failed. So does a runner that fails without a
 * failed test, e.g. because it could not load a file.
 */
function tally(name, { code, passed, failed, skipped, failures }) {
  if (skipped > 0) console.error(`${name}: ${skipped} skipped tests count as failed`);
  const notPassed = failed + skipped;
  return { name, passed, failed: notPassed === 0 && (code !== 0 || passed === 0) ? 1 : notPassed, failures };
}

async function rust(args = ['--workspace'], env) {
  const { code, output } = await show('cargo', ['test', ...args, '--no-fail-fast'], env);
  const results = [...output.matchAll(/^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/gm)];
  const sum = (index) => results.reduce((total, result) => total + Number(result[index]), 0);
  const failures = [...output.matchAll(/^test (.+) \.\.\. FAILED$/gm)].map((result) => result[1]);
  return tally('cargo test', { code, passed: sum(1), failed: sum(2), skipped: sum(3), failures });
}

/** Returns the failures of a test file, each with the first line of its message. */
function failuresOf(name, file) {
  const tests = file.assertionResults.filter((test) => test.status === 'failed');
  if (tests.length === 0) return file.status === 'failed' ? [`${name}: ${firstLine(file.message)}`] : [];
  return tests.map((test) => `${name}, ${test.fullName}: ${firstLine(test.failureMessages[0])}`);
}

function firstLine(message = '') {
  return stripVTControlCharacters(message).split('\n', 1)[0];
}

async function vitest(name, args, env, { folder = root, command = [join(root, 'node_modules/.bin/vitest')] } = {}) {
  const report = join(workDir, 'reports', 'vitest.json');
  mkdirSync(join(workDir, 'reports'), { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const [program, ...first] = command;
  const { code } = await show(program, [...first, 'run', ...reporters, ...args], env, folder);
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  const unloadable = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return tally(name, {
    code,
    passed: numPassedTests,
    failed: numFailedTests + unloadable.length,
    skipped: numPendingTests + numTodoTests,
    failures: testResults.flatMap((file) => failuresOf(relative(folder, file.name), file)),
  });
}

/** The tests that need neither NocoBase nor a service, by their option. */
const quick = {
  '--rust': () => rust(),
  '--portable': () =>
    rust(['--package', 'webhook-core', '--package', 'webhook-simd', '--target-dir', 'target/portable'], {
      RUSTFLAGS: '--cfg webhook_portable',
    }),
  '--arm64': async () => {
    await installPackages();
    const { prepareArm64 } = await import('./lib/arm64.mjs');
    const { folder, node, target, env } = await prepareArm64();
    const crates = ['core', 'simd', 'dispatch'].flatMap((name) => ['--package', `webhook-${name}`]);
    return [
      // Fewer cases: under emulation each takes some twenty times as long.
      await rust([...crates, '--release', '--target', target], { ...env, PROPTEST_CASES: '64' }),
      // Workers are threads, as a type check would start the machine's own Node.
      await vitest(
        'exports',
        ['--project', 'unit', '__test__', '--typecheck.enabled=false', '--testTimeout=1200000'],
        env,
        {
          folder,
          command: [node, join(folder, 'node_modules/vitest/vitest.mjs')],
        },
      ),
    ];
  },
  '--unit': async () => {
    await installPackages();
    const { nativeStep, runSteps } = await import('./lib/steps.mjs');
    await runSteps([nativeStep], {});
    return vitest('unit', ['--project', 'unit']);
  },
};

/** The server tests that have nothing to do with the database: they run on SQLite alone. */
const ofNoDatabase = [
  'coexistence',
  'compatibility',
  'diagnose',
  'documentation',
  'failed-authentications',
  'hazards',
  'proxies',
  'rate-limits',
  'recipes',
  'rejections',
  'samples',
].flatMap((name) => ['--exclude', `tests/server/${name}.test.ts`]);

/** What `npm test` runs; vitest would take several exclusions for a choice. */
const PROJECTS = ['unit', 'server', 'crash', 'browser'].flatMap((name) => ['--project', name]);

/** Runs the tests with a real NocoBase, and prepares everything they need. */
async function whole(args) {
  await installPackages();
  const { buildSteps, packStep, runSteps } = await import('./lib/steps.mjs');
  await runSteps([...buildSteps, packStep], {});
  const { ensureServices } = await import('./lib/services.mjs');
  const forServices = args[0] === '--services';
  const stopServices = await ensureServices(forServices ? ['postgres', 'mariadb', 'redis'] : ['postgres']);
  try {
    if (forServices) {
      const results = [];
      for (const dialect of ['postgres', 'mariadb']) {
        results.push(
          await vitest(`server on ${dialect}`, ['--project', 'server', ...ofNoDatabase], { TEST_DIALECT: dialect }),
        );
      }
      return [...results, await vitest('services', ['--project', 'services'])];
    }
    if (args.length > 0) return [await vitest('vitest', args)];
    return [await rust(), await vitest('vitest', PROJECTS)];
  } finally {
    await stopServices();
  }
}

await main(async () => {
  checkMachine();
  const started = Date.now();
  const args = process.argv.slice(2);
  const results = [quick[args[0]] ? await quick[args[0]]() : await whole(args)].flat();
  console.log(`\nTook ${Math.round((Date.now() - started) / 1000)} s`);
  for (const { name, passed, failed, failures } of results) {
    console.log(`${name}: ${passed} passed, ${failed} failed`);
    for (const failure of failures) console.log(`FAILED: ${failure}`);
  }
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  console.log(`${total('passed')} passed, ${total('failed')} failed`);
  process.exitCode = total('failed') === 0 ? 0 : 1;
});
