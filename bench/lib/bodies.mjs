/** Webhook bodies of any size, and the paths that a workflow would extract from them. Generation is deterministic. */

const hex = (seed, length) =>
  Array.from({ length }, (_, at) => ((seed * 7919 + at * 104729) % 16).toString(16)).join('');

function commit(number) {
  const id = hex(number, 40);
  const name = ['Ann Archer', 'Bob Brown', 'Cleo Quist', 'Émile Durand'][number % 4];
  const author = { name, email: `${name.split(' ')[0].toLowerCase()}@example.com`, username: `user${number % 17}` };
  return {
    id,
    tree_id: hex(number + 1, 40),
    distinct: true,
    message: `Fix #${number}: handle "quoted" names\n\nThe parser took the closing quote for a key.`,
    timestamp: '2025-03-01T12:00:00+01:00',
    url: `https://github.com/example/repository/commit/${id}`,
    author,
    committer: author,
    added: [],
    removed: number % 5 === 0 ? [`src/old/file-${number}.ts`] : [],
    modified: [`src/app/file-${number}.ts`, 'README.md'],
  };
}

const user = (login, id) => ({
  login,
  id,
  node_id: `MDQ6VXNlcj${id}`,
  avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
  url: `https://api.github.com/users/${login}`,
  html_url: `https://github.com/${login}`,
  type: 'User',
  site_admin: false,
});

function githubPush(size) {
  const small = size < 1000;
  const push = {
    ref: 'refs/heads/main',
    before: hex(1, 40),
    after: hex(2, 40),
    repository: small
      ? { id: 186853002, full_name: 'example/repository' }
      : {
          id: 186853002,
          name: 'repository',
          full_name: 'example/repository',
          private: false,
          owner: user('example', 21031067),
          html_url: 'https://github.com/example/repository',
          description: null,
          fork: false,
          created_at: 1557933565,
          pushed_at: '2025-03-01T12:00:00Z',
          size: 0,
          stargazers_count: 3,
          language: 'TypeScript',
          default_branch: 'main',
        },
    pusher: { name: 'example', email: 'example@example.com' },
    sender: small ? { login: 'example', id: 21031067 } : user('example', 21031067),
    created: false,
    deleted: false,
    forced: false,
    compare: 'https://github.com/example/repository/compare/6113728f27ae...000000000000',
    commits: [],
  };
  let length = JSON.stringify(push).length;
  for (let number = 1; length < size - 400; number++) {
    const next = commit(number);
    push.commits.push(next);
    length += JSON.stringify(next).length + 1;
  }
  return JSON.stringify(push);
}

function stripeEvent(size) {
  const line = (number) => ({
    id: `il_${hex(number, 24)}`,
    object: 'line_item',
    amount: 1999 + number,
    currency: 'usd',
    description: `1 × Plan ${number} (at $19.99 / month)`,
    discountable: true,
    metadata: {},
    period: { end: 1743465600, start: 1740787200 },
    price: { id: `price_${hex(number + 3, 24)}`, object: 'price', unit_amount: 1999, unit_amount_decimal: '1999' },
    proration: false,
    quantity: 1,
  });
  const event = {
    id: 'evt_1NG8Du2eZvKYlo2CUI79vXWy',
    object: 'event',
    created: 1686089970,
    type: 'invoice.paid',
    livemode: false,
    data: { object: { id: 'in_1', object: 'invoice', customer: 'cus_9s6XKzkNRiz8i3', total: 1999, paid: true } },
  };
  if (size >= 1000) {
    event.data.object = {
      ...event.data.object,
      account_country: 'US',
      amount_due: 1999,
      amount_paid: 1999,
      customer_email: 'ann@example.com',
      customer_address: { city: 'Zürich', country: 'CH', line1: 'Bahnhofstrasse 1', postal_code: '8001', state: null },
      metadata: { order: '6735', note: 'said "thanks"' },
      lines: { object: 'list', data: [], has_more: false, url: '/v1/invoices/in_1/lines' },
    };
    event.request = { id: null, idempotency_key: null };
    let length = JSON.stringify(event, null, 2).length;
    for (let number = 1; length < size - 500; number++) {
      event.data.object.lines.data.push(line(number));
      length += 950;
    }
  }
  return JSON.stringify(event, null, 2);
}

function orderList(size) {
  const order = (number) => ({
    id: 100000 + number,
    total: Math.round(number * 12.347 * 100) / 100,
    tax: Math.round(number * 2.07 * 100) / 100,
    customer: 5000 + (number % 997),
    lat: 47.3769 + number / 100000,
    lng: 8.5417 - number / 100000,
    paid: number % 3 === 0,
    qty: [1, number % 7, 12],
  });
  const list = { event: 'orders.updated', shop: 77, at: 1740787200.125, orders: [] };
  let length = JSON.stringify(list).length;
  for (let number = 1; list.orders.length === 0 || length < size - 60; number++) {
    const next = order(number);
    list.orders.push(next);
    length += JSON.stringify(next).length + 1;
  }
  return JSON.stringify(list);
}

const GITHUB_PATHS = [
  'ref',
  'repository.full_name',
  'pusher.name',
  'after',
  'before',
  'sender.login',
  'repository.id',
  'compare',
  'forced',
  'commits[0].id',
  'commits[0].message',
  'commits[0].author.name',
  'commits[0].author.email',
  'commits[0].url',
  'commits[0].timestamp',
  'repository.html_url',
  'repository.owner.login',
  'repository.owner.id',
  'repository.private',
  'repository.language',
  'repository.default_branch',
  'repository.description',
  'sender.id',
  'sender.html_url',
  'sender.type',
  'pusher.email',
  'created',
  'deleted',
  'commits[1].id',
  'commits[1].message',
];
const STRIPE_PATHS = [
  'type',
  'data.object.id',
  'data.object.total',
  'id',
  'created',
  'livemode',
  'data.object.customer',
  'data.object.paid',
  'data.object.amount_due',
  'data.object.customer_email',
  'object',
  'data.object.object',
  'data.object.account_country',
  'data.object.amount_paid',
  'data.object.customer_address.city',
  'data.object.customer_address.country',
  'data.object.customer_address.line1',
  'data.object.customer_address.postal_code',
  'data.object.customer_address.state',
  'data.object.metadata.order',
  'data.object.metadata.note',
  'data.object.lines.has_more',
  'data.object.lines.url',
  'data.object.lines.data[0].id',
  'data.object.lines.data[0].amount',
  'data.object.lines.data[0].price.id',
  'data.object.lines.data[0].period.end',
  'data.object.lines.data[0].quantity',
  'request.id',
  'request.idempotency_key',
];
const ORDER_PATHS = [
  'event',
  'shop',
  'orders[0].id',
  'at',
  'orders[0].total',
  'orders[0].tax',
  'orders[0].customer',
  'orders[0].lat',
  'orders[0].lng',
  'orders[0].paid',
  'orders[0].qty',
  'orders[0].qty[0]',
  'orders[0].qty[1]',
  'orders[0].qty[2]',
  'orders[1].id',
  'orders[1].total',
  'orders[1].tax',
  'orders[1].customer',
  'orders[1].lat',
  'orders[1].lng',
  'orders[1].paid',
  'orders[1].qty',
  'orders[2].id',
  'orders[2].total',
  'orders[2].tax',
  'orders[2].customer',
  'orders[2].lat',
  'orders[2].lng',
  'orders[2].paid',
  'orders[2].qty',
];

/** The kinds of bodies: `make(size)` returns one of about `size` bytes; 30 `paths` to scalars; `map` paths through an array. */
export const KINDS = {
  'GitHub push': { make: githubPush, paths: GITHUB_PATHS, map: ['commits[].id', 'commits[].author.email'] },
  'Stripe event': {
    make: stripeEvent,
    paths: STRIPE_PATHS,
    map: ['data.object.lines.data[].id', 'data.object.lines.data[].amount'],
  },
  'order list': { make: orderList, paths: ORDER_PATHS, map: ['orders[].id', 'orders[].total'] },
};

/** The sizes of the tables, in bytes. */
export const SIZES = {
  '0.3 KB': 300,
  '2 KB': 2_000,
  '20 KB': 20_000,
  '200 KB': 200_000,
  '2 MB': 2_000_000,
  '10 MB': 10_000_000,
};
