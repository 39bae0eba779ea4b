/**
 * The output of a run: a table for each group, and the generated sections of `bench/RESULTS.md`. The text around them is
 * written by hand and kept.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import lodash from 'lodash';
import prettier from 'prettier';

/**
 * One result.
 *
 * @typedef {object} Row
 * @property {string} group rows of one group share a table and a part of the chart
 * @property {string} case the short name of the case
 * @property {string} metric the measured quantity, such as `time of a body`
 * @property {string} unit of `ours`, `theirs` and an absolute goal; `ns` is displayed in the most readable unit of time
 * @property {number} [ours]
 * @property {number} [theirs]
 * @property {number} [ratio] above 1 if ours is better
 * @property {number} [goal] the least `ratio`; without a ratio, or with `goalIsAtMost`, applies to `ours`
 * @property {boolean} [goalIsAtMost] whether `goal` is the maximum of `ours`
 * @property {string} [note]
 */

/** @param {Row} row @returns {boolean | undefined} `undefined` without a goal */
export function isMet({ ours, ratio, goal, goalIsAtMost }) {
  if (goal === undefined) return undefined;
  if (goalIsAtMost) return ours <= goal;
  return (ratio ?? ours) >= goal;
}

/** Formats a number with three significant digits. */
export const digits = (value) => (Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))).toString();

/** Formats a ratio. */
export const times = (ratio) => ratio.toFixed(ratio < 10 ? 2 : 1);

/** Formats a value with its unit. */
export function figure(value, unit) {
  if (unit !== 'ns') return `${digits(value)} ${unit}`;
  const [size, name] = [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'µs'],
    [1, 'ns'],
  ].find(([size]) => value >= size) ?? [1, 'ns'];
  return `${digits(value / size)} ${name}`;
}

const optional = (value, show) => (value === undefined ? '' : show(value));

/** @param {Row} row */
function goalOf(row) {
  if (row.goal === undefined) return '';
  const absolute = row.goalIsAtMost || row.ratio === undefined;
  const bound = absolute ? `${row.goalIsAtMost ? '≤' : '≥'} ${figure(row.goal, row.unit)}` : `≥ ${digits(row.goal)}`;
  return isMet(row) ? bound : `**${bound}: missed**`;
}

/** Returns the tables of a suite as Markdown, one for each group. @param {Row[]} rows */
export async function tables(rows) {
  let text = '';
  for (const [group, own] of Object.entries(lodash.groupBy(rows, 'group'))) {
    // Empty columns are omitted.
    const columns = [
      ['case', (row) => row.case],
      ['metric', (row) => row.metric],
      ['ours', (row) => optional(row.ours, (value) => figure(value, row.unit))],
      ['theirs', (row) => optional(row.theirs, (value) => figure(value, row.unit))],
      ['ratio', (row) => optional(row.ratio, times)],
      ['goal', goalOf],
      ['note', (row) => row.note ?? ''],
    ].filter(([, show]) => own.some((row) => show(row) !== ''));
    const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
    text += `### ${group}\n\n${line(columns.map(([name]) => name))}${line(columns.map(() => '---'))}`;
    text += `${own.map((row) => line(columns.map(([, show]) => show(row)))).join('')}\n`;
  }
  return prettier.format(text, { parser: 'markdown' });
}

/** Counts all goals and those that are met. @param {Row[]} rows */
export function goals(rows) {
  const judged = rows.map(isMet).filter((met) => met !== undefined);
  return { met: judged.filter(Boolean).length, all: judged.length };
}

/** Returns the machine and the versions that the figures depend on. */
export function machine() {
  const cpus = os.cpus();
  const flags = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  return {
    cores: cpus.length,
    processor: cpus[0].model.trim(),
    features: ['avx2', 'sha_ni'].filter((feature) => new RegExp(`\\b${feature}\\b`).test(flags)),
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GB`,
    system: `${os.platform()} ${os.arch()}`,
    node: process.versions.node,
    rust: execFileSync('rustc', ['--version'], { encoding: 'utf8' }).split(' ')[1],
  };
}

/** Describes the machine in a sentence. */
function sentence({ cores, processor, features, memory, system, node, rust }, load) {
  const with_ = features.length > 0 ? ` (${features.join(', ')})` : '';
  return (
    `Measured on ${cores} cores of ${processor}${with_}, ${memory}, ${system}, Node ${node}, Rust ${rust}; ` +
    `load average ${digits(load)} at the start.`
  );
}

/**
 * Replaces the section of a suite in the results file, or appends it. Returns the new text.
 *
 * @param {string} text the current text
 * @param {{ name: string, title: string, rows: Row[], load: number, chart: boolean }} suite
 */
export async function withSection(text, { name, title, rows, load, chart }) {
  const [begin, end] = [`<!-- begin ${name}: written by npm run bench -->`, `<!-- end ${name} -->`];
  const { met, all } = goals(rows);
  const body = [
    begin,
    `## ${title}`,
    sentence(machine(), load),
    ...(all > 0 ? [`${met} of ${all} goals are met.`] : []),
    ...(chart ? [`![${title}](charts/${name}.svg)`] : []),
    (await tables(rows)).trim(),
    end,
  ].join('\n\n');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  const whole = from < 0 ? `${text.trimEnd()}\n\n${body}\n` : text.slice(0, from) + body + text.slice(to + end.length);
  return prettier.format(whole, { parser: 'markdown' });
}
