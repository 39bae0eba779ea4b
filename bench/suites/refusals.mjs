/** Refusals through a running NocoBase, beside a public action of its resource layer that does nothing at all. */
import { createWorkflow } from '../../scripts/lib/workflows.mjs';
import { BODY, compared, fire, interleave, warmUp, withApp } from '../lib/apps.mjs';

export const title = 'Refusals';

const GOAL = 3;

export function run({ log, quick = false }) {
  const seconds = quick ? 1 : 3;
  const rounds = quick ? 1 : 3;
  return withApp({ dialect: 'sqlite' }, async (app) => {
    const create = async (config) => (await createWorkflow(app, { title: 'locked', config })).url;
    const basic = await create({
      basicAuthentication: { username: 'user', password: 'password' },
    });
    // The same bytes for both sides, whatever becomes of them.
    const small = await create({ request: { bodyLimit: 100 } });
    const signed = await create({ authentication: [{ preset: 'github', secrets: ['a secret of the bench'] }] });
    const headers = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` };
    await warmUp(app);
    const rows = [];
    for (const [name, expected, url, load] of [
      ['404, unknown key', 404, `${app.apiUrl}webhook:trigger/nothing`, {}],
      ['401, no credentials', 401, basic, {}],
      ['401, wrong signature', 401, signed, { headers }],
      ['413, too large', 413, small, {}],
    ]) {
      const results = { ours: [], theirs: [] };
      await interleave(rounds, async (side, round) => {
        log(`${name}: round ${round + 1} of ${rounds}, ${side}`);
        const common = { connections: 16, seconds, body: BODY };
        results[side].push(
          side === 'ours'
            ? await fire(url, { ...common, ...load, expected })
            : await fire(`${app.apiUrl}handmade:noop`, { ...common, headers: load.headers }),
        );
      });
      rows.push(...compared('Refusals beside a no-op action', name, results, { rate: GOAL }));
    }
    return rows;
  });
}
