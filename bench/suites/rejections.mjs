/** Rejections by a running NocoBase, compared with a public action of its resource layer that does nothing. */
import { createWorkflow } from '../../scripts/lib/workflows.mjs';
import { BODY, compared, fire, interleave, warmUp, withApp } from '../lib/apps.mjs';

export const title = 'Rejections';

const GOAL = 3;

export function run({ log, quick = false }) {
  const seconds = quick ? 1 : 3;
  const rounds = quick ? 1 : 3;
  return withApp({ dialect: 'sqlite' }, async (app) => {
    const create = async (config) => (await createWorkflow(app, { title: 'locked', config })).url;
    // An address that keeps failing gets 429, so each failure comes from another one, as a trusted proxy would report it.
    const addresses = { allow: ['0.0.0.0/0', '::/0'], proxies: 1 };
    let next = 0;
    const from = () => `10.${(next = (next + 1) % 2 ** 24) >> 16}.${(next >> 8) & 255}.${next & 255}`;
    const vary = ({ headers }) => ({ headers: { ...headers, 'x-forwarded-for': from() } });
    const basicAuthentication = { username: 'user', password: 'password' };
    const basic = await create({ basicAuthentication, addresses });
    const failing = await create({ basicAuthentication });
    // Both sides get the same bytes.
    const small = await create({ request: { bodyLimit: 100 } });
    const authentication = [{ preset: 'github', secrets: ['a secret of the bench'] }];
    const signed = await create({ authentication, addresses });
    const headers = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` };
    await warmUp(app);
    const rows = [];
    for (const [name, expected, url, load] of [
      ['404, unknown key', 404, `${app.apiUrl}webhook:trigger/nothing`, {}],
      ['401, no credentials', 401, basic, { vary }],
      ['401, wrong signature', 401, signed, { headers, vary }],
      ['429, after 21 failures', 429, failing, {}],
      ['413, too large', 413, small, {}],
    ]) {
      const results = { ours: [], theirs: [] };
      await interleave(rounds, async (side, round) => {
        log(`${name}: round ${round + 1} of ${rounds}, ${side}`);
        const common = { connections: 16, seconds, body: BODY };
        if (side === 'ours' && expected === 429) {
          await fire(url, { connections: 1, amount: 21, expected: 401 });
        }
        results[side].push(
          side === 'ours'
            ? await fire(url, { ...common, ...load, expected })
            : await fire(`${app.apiUrl}handmade:noop`, { ...common, ...load }),
        );
      });
      rows.push(...compared('Rejections beside an action that does nothing', name, results, { rate: GOAL }));
    }
    return rows;
  });
}
