// A separate database for every app, on a PostgreSQL or MariaDB server of this machine.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { runtimeDir } from './paths.mjs';
import { servicePort } from './services.mjs';

const requireFromRuntime = createRequire(join(runtimeDir, 'package.json'));

/** Returns NocoBase's variables for a server. */
const server = (dialect) => ({
  DB_HOST: '127.0.0.1',
  DB_PORT: String(servicePort(dialect)),
  ...(dialect === 'postgres' ? { DB_USER: 'postgres', DB_PASSWORD: 'postgres' } : { DB_USER: 'root', DB_PASSWORD: '' }),
});

const databaseName = (app) => `webhook_${app.replace(/[^a-z0-9]+/gi, '_').toLowerCase()}`;

async function withServer(dialect, use) {
  const { DB_HOST: host, DB_PORT: port, DB_USER: user, DB_PASSWORD: password } = server(dialect);
  if (dialect === 'postgres') {
    const client = new (requireFromRuntime('pg').Client)({ host, port, user, password, database: 'postgres' });
    await client.connect();
    try {
      return await use(async (statement) => (await client.query(statement)).rows);
    } finally {
      await client.end();
    }
  }
  const connection = await requireFromRuntime('mysql2/promise').createConnection({ host, port, user, password });
  try {
    return await use(async (statement) => (await connection.query(statement))[0]);
  } finally {
    await connection.end();
  }
}

/**
 * Creates a database for an app.
 *
 * @param {'postgres' | 'mariadb'} dialect
 * @param {string} app the app's name
 * @param {string} [copyOf] the app whose database to copy; nothing may be connected to it. Default: an empty database
 * @returns {Promise<Record<string, string>>} NocoBase's variables for it
 */
export async function createDatabase(dialect, app, copyOf) {
  const name = databaseName(app);
  await dropDatabase(dialect, app);
  await withServer(dialect, async (query) => {
    if (dialect === 'postgres') {
      await query(`CREATE DATABASE "${name}" ${copyOf ? `TEMPLATE "${databaseName(copyOf)}"` : ''}`);
      return;
    }
    await query(`CREATE DATABASE \`${name}\``);
    if (!copyOf) return;
    const from = databaseName(copyOf);
    for (const row of await query(`SHOW TABLES FROM \`${from}\``)) {
      const table = `\`${Object.values(row)[0]}\``;
      await query(`CREATE TABLE \`${name}\`.${table} LIKE \`${from}\`.${table}`);
      await query(`INSERT INTO \`${name}\`.${table} SELECT * FROM \`${from}\`.${table}`);
    }
  });
  return { DB_DIALECT: dialect, ...server(dialect), DB_DATABASE: name };
}

/** Whether an app's database exists. */
export function hasDatabase(dialect, app) {
  const name = databaseName(app);
  const statement =
    dialect === 'postgres' ? `SELECT 1 FROM pg_database WHERE datname = '${name}'` : `SHOW DATABASES LIKE '${name}'`;
  return withServer(dialect, async (query) => (await query(statement)).length > 0);
}

/** Drops an app's database and closes its connections. */
export async function dropDatabase(dialect, app) {
  const name = databaseName(app);
  const statement =
    dialect === 'postgres' ? `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)` : `DROP DATABASE IF EXISTS \`${name}\``;
  await withServer(dialect, (query) => query(statement));
}
