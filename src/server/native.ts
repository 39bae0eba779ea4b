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
 * @throws Error that names the platform and what to do, if the addon can't be loaded.
 */
export function native(): Native {
  if (!loaded) {
    try {
      // Required when first used, so that the package can be inspected where the addon can't be loaded.
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
      loaded = require('../../index.js') as Native;
    } catch (error) {
      throw new Error(
        `${PACKAGE_NAME}: its native addon could not be loaded on ${process.platform}-${process.arch} ` +
          `(Node ${process.versions.node}). Install a package of the plugin that holds the .node file for this ` +
          'platform, or build one in its source folder with "npm run build:native". Until then the plugin does ' +
          `nothing and its webhooks answer 503. Cause: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }
  return loaded;
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
