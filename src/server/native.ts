import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_NAME } from '../common/names';
import type { Rejection, RejectionReason } from '../../index';

/** The addon's exports. */
export type Native = typeof import('../../index');
/** An endpoint compiled from a workflow's configuration. */
export type Endpoint = InstanceType<Native['Endpoint']>;
export type { Check, Diagnosed, DiagnosedRequest, Event, Reply, UploadedFile, Verdict } from '../../index';
/** A large body, in memory that only the addon can access. */
export type Body = InstanceType<Native['Body']>;
/** The files of an event that are to be saved. */
export type Upload = InstanceType<Native['Upload']>;

let loaded: Native | undefined;

/**
 * Returns the native addon. The only place that requires it.
 *
 * @throws Error that names the addon, those that are there and what to do, if it can't be loaded.
 */
export function native(): Native {
  if (!loaded) {
    try {
      // Required when first used, so that the package can be inspected where the addon can't be loaded.
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
      loaded = require('../../index.js') as Native;
    } catch (error) {
      throw new Error(unloadable(error), { cause: error });
    }
  }
  return loaded;
}

/** The package's folder, where its addons are. */
const packageFolder = join(__dirname, '../..');

/** Says what was looked for, what is there instead, and where to get the addon. */
function unloadable(error: unknown): string {
  const wanted = addonName();
  const there = readdirSync(packageFolder).filter((file) => file.endsWith('.node'));
  return (
    `${PACKAGE_NAME}: its native addon could not be loaded on ${process.platform}-${process.arch} (Node ${process.versions.node}). ` +
    `It looked for ${wanted} in ${packageFolder}, which has ${there.join(', ') || 'no addon at all'}. ` +
    `Upload the package from https://www.npmjs.com/package/${PACKAGE_NAME}, whose addons.json lists its platforms, or build an ` +
    'addon in the source folder with "npm run build:addon". Until then the plugin does nothing and its webhooks answer 503. ' +
    `Cause: ${error instanceof Error ? error.message : String(error)}`
  );
}

/** Returns the name of the addon for this platform, as napi-rs forms it. */
function addonName(): string {
  const abi = { linux: isGlibc() ? '-gnu' : '-musl', win32: '-msvc' }[process.platform as string] ?? '';
  return `${PACKAGE_NAME}.${process.platform}-${process.arch}${abi}.node`;
}

function isGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

const rejections = new Map<RejectionReason, Rejection>();

/** Returns the reply to a request that is rejected for a reason that only the server knows: the same one each time. */
export function rejection(reason: RejectionReason): Rejection {
  let reply = rejections.get(reason);
  if (!reply) {
    reply = native().refuse(reason);
    rejections.set(reason, reply);
  }
  return reply;
}

/** Returns the reply to a request whose event the database will never accept; `reason` is for the owner. */
export function unstorable(reason: string): Rejection {
  return { ...rejection('unstorable'), reason };
}
