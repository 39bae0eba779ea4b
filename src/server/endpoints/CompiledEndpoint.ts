import type { ConfigIssue, RateLimit } from '../../../index';
import type { ResponseConfig } from '../../common/config';
import { type Endpoint, native } from '../native';
import type { FilledConfig } from './environment';
import type { Surroundings } from './surroundings';

/** A compiled configuration, with what every request needs from it, so that it crosses to the addon once. */
export interface CompiledEndpoint {
  endpoint: Endpoint;
  /** Rejects what can be rejected without the body. */
  checkHead: ReturnType<Endpoint['checkHeadFunction']>;
  /** Judges a request on this thread. */
  judge: ReturnType<Endpoint['judgeFunction']>;
  /** The headers that a request is judged by, in lower case; `null` for all. */
  headerNames: string[] | null;
  /** Whether a signature covers the URL. */
  signsUrl: boolean;
  /** Whether judging takes long whatever the body. */
  checksPublicKeys: boolean;
  /** The most bytes of a body. */
  limit: number;
  /** How many executions run side by side at most. */
  parallel: number;
  /** Whether that are executions of events with different keys. */
  runsByKey: boolean;
  /** How many events are accepted; `null` for any number. */
  rateLimit: RateLimit | null;
  /** Whether the sender expects a response of its own to every event. */
  acknowledges: boolean;
}

/**
 * Compiles a configuration whose variables are filled.
 *
 * @param limit the most bytes of a body
 * @param surroundings where the configuration doesn't say otherwise
 * @throws Error that lists what makes the configuration unusable
 */
export function compileEndpoint(
  { filled, texts, missing }: FilledConfig,
  response: ResponseConfig | undefined,
  limit: number,
  surroundings: Surroundings,
): CompiledEndpoint {
  if (missing.length) {
    throw new Error(messagesOf(missing));
  }
  const configured = JSON.stringify({ ...surroundings, ...filled, response });
  const endpoint = new (native().Endpoint)(configured, limit, texts);
  const {
    keepsAll,
    headerNames,
    signsUrl,
    checksPublicKeys,
    limitBytes,
    parallel,
    runsByKey,
    rateLimit,
    acknowledges,
  } = endpoint;
  return {
    endpoint,
    checkHead: endpoint.checkHeadFunction(),
    judge: endpoint.judgeFunction(),
    headerNames: keepsAll ? null : headerNames,
    signsUrl,
    checksPublicKeys,
    limit: limitBytes,
    parallel,
    runsByKey,
    rateLimit,
    acknowledges,
  };
}

/** Returns what makes a configuration unusable, as one line. */
export function messagesOf(issues: readonly ConfigIssue[]): string {
  return issues.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
}
