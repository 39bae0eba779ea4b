import type { Database } from '@nocobase/database';

/** The limits of MariaDB and MySQL for a JSON text. SQLite and PostgreSQL accept whatever passes the body limit. */
export interface JsonLimits {
  /** Objects and arrays that may be open at once. */
  depth: number;
  /** Bytes of a statement with its values: the server's `max_allowed_packet`. A longer one breaks the connection. */
  packet: number;
}

/** What NocoBase's own values and the text of the statement add to a context, generously. */
const ROW_BYTES = 1024;

/** Levels of nesting that MariaDB accepts in versions with a limit, and levels that MySQL accepts. */
const MARIADB_DEPTH = 31;
const MYSQL_DEPTH = 100;

/** Reads the limits of the database. Returns `undefined` for one without. */
export async function readJsonLimits(db: Database): Promise<JsonLimits | undefined> {
  if (!['mysql', 'mariadb'].includes(db.sequelize.getDialect())) {
    return undefined;
  }
  const levels = MARIADB_DEPTH + 1;
  const [rows] = await db.sequelize.query(
    `SELECT VERSION() AS version, @@max_allowed_packet AS packet, ` +
      `JSON_VALID(CONCAT(REPEAT('[', ${levels}), REPEAT(']', ${levels}))) AS deep`,
  );
  // Drivers return numbers as text, numbers or big integers.
  const [{ version, packet, deep }] = rows as { version: string; packet: unknown; deep: unknown }[];
  // The dialect doesn't say which of the two the server is.
  const newest = /mariadb/i.test(version) ? Infinity : MYSQL_DEPTH;
  return { depth: Number(deep) ? newest : MARIADB_DEPTH, packet: Number(packet) };
}

/** Returns why a database with these limits never accepts a JSON text, or `undefined` if it does. */
export function whyNotStorable(json: string, limits: JsonLimits): string | undefined {
  const bytes = rowBytes(json);
  // An upper bound is quick to compute; the bytes are counted only near the limit.
  if (bytes > limits.packet && escapedBytes(json) + ROW_BYTES > limits.packet) {
    return `expected a context that fits into the database's max_allowed_packet of ${limits.packet} bytes, but found a larger one`;
  }
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      inString = !inString;
    } else if (!inString) {
      if (code === BRACKET || code === BRACE) {
        depth += 1;
        if (depth > limits.depth) {
          return `expected at most ${limits.depth} levels of nesting, which is the database's limit, but found more`;
        }
      } else if (code === BRACKET_END || code === BRACE_END) {
        depth -= 1;
      }
    } else if (code === BACKSLASH) {
      const unit = surrogateAt(json, at);
      if (unit) {
        if (unit === 'low' || surrogateAt(json, at + ESCAPE) !== 'low') {
          return `expected Unicode text, but found half of a surrogate pair (${json.slice(at, at + ESCAPE)}), which the database rejects`;
        }
        at += ESCAPE;
      }
      at += 1;
    }
  }
  return undefined;
}

/** Returns an upper bound of the bytes that a context takes in a statement. */
export function rowBytes(json: string): number {
  return 2 * Buffer.byteLength(json) + ROW_BYTES;
}

// What MariaDB's driver sends: it writes values into the text of the statement, with a backslash before these.
function escapedBytes(json: string): number {
  let escapes = 0;
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE || code === BACKSLASH || code === APOSTROPHE) {
      escapes += 1;
    }
  }
  return Buffer.byteLength(json) + escapes;
}

/** Returns which half of a surrogate pair is escaped at a position of a JSON text. */
function surrogateAt(json: string, at: number): 'high' | 'low' | undefined {
  if (json.charCodeAt(at) !== BACKSLASH || json.charCodeAt(at + 1) !== U || !'dD'.includes(json[at + 2])) {
    return undefined;
  }
  return '89abAB'.includes(json[at + 3]) ? 'high' : 'cdefCDEF'.includes(json[at + 3]) ? 'low' : undefined;
}

/** Characters of `\ud800`. */
const ESCAPE = 6;

const U = 0x75;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACKET_END = 0x5d;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
