/** Synchronous requests to a running NocoBase, compared with the same plugin as in `requests`, on PostgreSQL and SQLite. */
import {
  CONNECTIONS,
  DIALECTS,
  assertSame,
  compared,
  createSides,
  fire,
  interleave,
  startAfresh,
  warmUp,
  withApp,
} from '../lib/apps.mjs';

export const title = 'Whole requests, synchronous';
export const services = ['postgres'];

const GOAL = 1.2;

export async function run({ log, quick = false }) {
  const seconds = quick ? 2 : 5;
  const rounds = quick ? 1 : 3;
  const rows = [];
  for (const [dialect, name] of Object.entries(DIALECTS)) {
    await withApp({ dialect }, async (app) => {
      const sides = await createSides(app, { sync: true });
      await assertSame(app, sides);
      await warmUp(app);
      for (const connections of CONNECTIONS) {
        const results = { ours: [], theirs: [] };
        await interleave(rounds, async (side, round) => {
          log(`synchronous, ${name}, ${connections} connections: round ${round + 1} of ${rounds}, ${side}`);
          // On SQLite the other side leaves transactions open, after which nothing can be written any more.
          if (dialect === 'sqlite') {
            await startAfresh(app);
            await warmUp(app);
          }
          await fire(sides[side].url, { connections: 1, amount: 50 });
          results[side].push(await fire(sides[side].url, { connections, seconds }));
        });
        rows.push(...compared(`Synchronous, ${name}`, connections, results, { rate: GOAL }));
      }
    });
  }
  return rows;
}
