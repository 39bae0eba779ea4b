// Child processes. Only Node builtins: this runs before `npm ci` too.
import { spawn } from 'node:child_process';
import { root } from './paths.mjs';

/**
 * Runs a command to its end.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void }} [options] `onLine` sees each line as
 *   it is printed; without it nothing is shown unless the command fails
 * @returns {Promise<string>} what it printed to stdout
 * @throws {Error} with the end of its output when it could not be started or exits with another code than 0
 */
export function run(command, args, { cwd = root, env = process.env, onLine = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    // npm is a .cmd on Windows, which only a shell starts.
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
    child.on('error', (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(stdout);
      const end = output.trimEnd().split('\n').slice(-30).join('\n');
      reject(new Error(`${command} ${args.join(' ')} failed (${signal ?? `exit code ${code}`})\n${end}`));
    });
  });
}
