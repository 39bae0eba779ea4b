/**
 * Draws the ratios of a suite as a bar chart on a logarithmic scale, with a mark at each goal. Writes plain SVG: chart
 * libraries for browsers or canvases are many times as large as this.
 */
import lodash from 'lodash';
import { isMet, times } from './report.mjs';

const WIDTH = 860;
const [BAR, GAP] = [11, 5];
const TOP = 62;
/** The estimated width of a character, since text can't be measured here. */
const CHARACTER = 6.2;
const VALUE = 40;

/** The chart has its own background, since the page around it may be light while the system is dark, or vice versa. */
const STYLE = `
  .ground { fill: #ffffff; stroke: #d0d7de } .text { fill: #1f2328 } .faint { fill: #59636e } .grid { stroke: #d0d7de }
  .met { fill: #2f6fb3 } .missed { fill: #c4600c } .goal { stroke: #1f2328 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; stroke: #3d444d } .text { fill: #f0f6fc } .faint { fill: #9198a1 } .grid { stroke: #3d444d }
    .met { fill: #5ea0e6 } .missed { fill: #ef8e3f } .goal { stroke: #f0f6fc }
  }
  text { font: 11px system-ui, sans-serif } .title { font-size: 14px; font-weight: 600 } .group { font-weight: 600 }`;

/** Whether the goal is a ratio. */
const hasMark = ({ goal, goalIsAtMost }) => goal !== undefined && !goalIsAtMost;

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * @param {{ title: string, rows: import('./report.mjs').Row[] }} suite
 * @returns {string | undefined} the SVG; `undefined` if no row has a ratio
 */
export function chart({ title, rows }) {
  const shown = rows.filter(({ ratio }) => ratio !== undefined);
  if (shown.length === 0) return undefined;
  const groups = Object.entries(lodash.groupBy(shown, 'group'));
  const label = 16 + CHARACTER * Math.max(...shown.map((row) => row.case.length));
  const columns = Math.max(1, Math.min(3, groups.length, Math.floor((WIDTH - 20) / (label + 130))));
  const width = (WIDTH - 20) / columns;
  const marks = shown.flatMap((row) => (hasMark(row) ? [row.goal] : []));
  const most = Math.max(2, ...marks, ...shown.map(({ ratio }) => ratio));
  const least = Math.min(1, ...shown.map(({ ratio }) => ratio));
  const room = width - label - VALUE - 16;
  const at = (ratio) => label + (Math.log(ratio / least) / Math.log(most / least)) * room;
  const ticks = Array.from({ length: 24 }, (_, power) => 2 ** (power - 8)).filter(
    (tick) => tick >= least && tick <= most,
  );
  const parts = [];
  let top = TOP;
  for (let first = 0; first < groups.length; first += columns) {
    const line = groups.slice(first, first + columns);
    const height = Math.max(...line.map(([, own]) => own.length)) * (BAR + GAP);
    for (const [column, [group, own]] of line.entries()) {
      parts.push(`<g transform="translate(${10 + column * width} ${top})">`);
      parts.push(`<text class="text group" x="6" y="0">${escape(group)}</text>`);
      for (const tick of ticks) {
        const x = at(tick).toFixed(1);
        parts.push(`<path class="grid" d="M${x} 18V${22 + own.length * (BAR + GAP)}"/>`);
        parts.push(`<text class="faint" x="${x}" y="14" text-anchor="middle">${tick}×</text>`);
      }
      for (const [index, row] of own.entries()) {
        const y = 24 + index * (BAR + GAP);
        const [from, to] = [at(Math.min(1, row.ratio)), at(Math.max(1, row.ratio))];
        parts.push(`<text class="text" x="${label - 6}" y="${y + 9}" text-anchor="end">${escape(row.case)}</text>`);
        parts.push(
          `<rect class="${isMet(row) === false ? 'missed' : 'met'}" x="${from.toFixed(1)}" y="${y}" ` +
            `width="${Math.max(1, to - from).toFixed(1)}" height="${BAR}" rx="1"/>`,
        );
        if (hasMark(row)) {
          parts.push(`<path class="goal" stroke-width="2" d="M${at(row.goal).toFixed(1)} ${y - 2}v${BAR + 4}"/>`);
        }
        // After the mark if the two would overlap.
        const mark = hasMark(row) ? at(row.goal) : 0;
        const value = mark > to - 2 && mark < to + 5 + CHARACTER * 4 ? mark : to;
        parts.push(`<text class="text" x="${(value + 5).toFixed(1)}" y="${y + 9}">${times(row.ratio)}</text>`);
      }
      parts.push('</g>');
    }
    top += height + 52;
  }
  const legend =
    'How many times better than the other side, on a logarithmic scale. A mark is the goal; an orange bar misses it.';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top - 16}" viewBox="0 0 ${WIDTH} ${top - 16}" role="img">
<title>${escape(title.replaceAll('`', ''))}</title>
<desc>${escape(shown.map((row) => `${row.group}, ${row.case}: ${times(row.ratio)}`).join('; '))}</desc>
<style>${STYLE}
</style>
<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${top - 17}" rx="6"/>
<text class="text title" x="16" y="24">${escape(title.replaceAll('`', ''))}</text>
<text class="faint" x="16" y="41">${escape(legend)}</text>
${parts.join('\n')}
</svg>
`;
}
