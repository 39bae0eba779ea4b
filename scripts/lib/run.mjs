// Child processes. Uses only Node's built-in modules, because it also runs before `npm ci`.
import { spawn } from 'node:child_process';
import { root } from './paths.mjs';

/**
 * Runs a command and waits for it to exit.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void }} [options] `onLine` is called
 *   with each line of output; without it, output is only shown if the command fails
 * @returns {Promise<string>} its stdout
 * @throws {Error} with the end of its output if it can't be started or doesn't exit with 0
 */
export function run(command, args, { cwd = root, env = process.env, onLine = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    // On Windows npm is a .cmd file, which requires a shell.
    const shell = process.platform === 'win32';
    const child = spawn(command, args, { cwd, env, shell, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let output = '';
    const take = (text) => {
      output += text;
      for (const line of text.split('\n').filter((part) => part.trim())) onLine(line.trim());
    };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      take(text);
    });
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error) => reject(new Error(`failed to start ${command}: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(stdout);
      const end = output.trimEnd().split('\n').slice(-30).join('\n');
      reject(new Error(`${command} ${args.join(' ')} failed (${signal ?? `exit code ${code}`})\n${end}`));
    });
  });
}
