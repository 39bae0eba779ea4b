// A database of its own for every app, on a PostgreSQL or MariaDB server of this machine.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { runtimeDir } from './paths.mjs';
import { servicePort } from './services.mjs';

const requireFromRuntime = createRequire(join(runtimeDir, 'package.json'));

/** NocoBase's variables for a server. */
const server = (dialect) => ({
  DB_HOST: '127.0.0.1',
  DB_PORT: String(servicePort(dialect)),
  ...(dialect === 'postgres' ? { DB_USER: 'postgres', DB_PASSWORD: 'postgres' } : { DB_USER: 'root', DB_PASSWORD: '' }),
});

const databaseName = (app) => `webhook_${app.replace(/[^a-z0-9]+/gi, '_').toLowerCase()}`;

async function execute(dialect, ...statements) {
  const { DB_HOST: host, DB_PORT: port, DB_USER: user, DB_PASSWORD: password } = server(dialect);
  const connection =
    dialect === 'postgres'
      ? new (requireFromRuntime('pg').Client)({ host, port, user, password, database: 'postgres' })
      : await requireFromRuntime('mysql2/promise').createConnection({ host, port, user, password });
  if (dialect === 'postgres') await connection.connect();
  try {
    for (const statement of statements) await connection.query(statement);
  } finally {
    await connection.end();
  }
}

/**
 * An empty database for an app.
 *
 * @param {'postgres' | 'mariadb'} dialect
 * @param {string} app the app's name
 * @returns {Promise<Record<string, string>>} NocoBase's variables for it
 */
export async function createDatabase(dialect, app) {
  const name = databaseName(app);
  await dropDatabase(dialect, app);
  await execute(dialect, dialect === 'postgres' ? `CREATE DATABASE "${name}"` : `CREATE DATABASE \`${name}\``);
  return { DB_DIALECT: dialect, ...server(dialect), DB_DATABASE: name };
}

/** Removes an app's database, with whoever is still connected to it. */
export async function dropDatabase(dialect, app) {
  const name = databaseName(app);
  await execute(
    dialect,
    dialect === 'postgres' ? `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)` : `DROP DATABASE IF EXISTS \`${name}\``,
  );
}
