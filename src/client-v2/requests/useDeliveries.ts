import { useFlowEngine } from '@nocobase/flow-engine';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Delivery } from '../../common/delivery';
import { DELIVERIES } from '../../common/names';

/** How often new requests are asked for. */
const POLL_MS = 3_000;

/** Requests of a page. */
const PAGE = 20;

/** Why no requests can be shown. */
export type Problem = 'forbidden' | 'failed';

interface Page {
  /** The result that was asked for. */
  result: string | undefined;
  deliveries: Delivery[];
  next: string | null;
  /** When they were loaded, in milliseconds since 1970. */
  at: number;
}

/** What of a webhook's deliveries is shown. */
export interface Shown {
  deliveries?: Delivery[];
  /** When they were loaded, in milliseconds since 1970. */
  at: number;
  hasMore: boolean;
  /** Whether what the user asked for is being loaded. */
  loading: boolean;
  problem?: Problem;
  reload(): void;
  loadMore(): void;
}

/**
 * Loads the deliveries of a webhook, newest first.
 *
 * @param result only those with this result
 * @param live whether to look for new ones, which needs a page that is visible and of which no more than the first page is shown
 */
export function useDeliveries(
  workflowId: string | number | undefined,
  result: string | undefined,
  live: boolean,
): Shown {
  const { api } = useFlowEngine().context;
  const [page, setPage] = useState<Page>();
  const [loading, setLoading] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  // Only the answer to the last question counts.
  const question = useRef(0);

  const load = useCallback(
    (before?: string): Promise<void> => {
      const mine = (question.current += 1);
      const params = { workflowId, limit: PAGE, ...(result ? { result } : {}), ...(before ? { before } : {}) };
      return api.request({ url: `${DELIVERIES}:list`, method: 'get', params, skipNotify: true }).then(
        (response) => {
          if (mine !== question.current) {
            return;
          }
          const { deliveries, next } = response.data.data as Pick<Page, 'deliveries' | 'next'>;
          setPage((shown) => ({
            deliveries: before && shown ? [...shown.deliveries, ...deliveries] : deliveries,
            next,
            result,
            at: Date.now(),
          }));
          setProblem(undefined);
        },
        (error: { response?: { status: number } }) => {
          if (mine === question.current) {
            setProblem(error.response?.status === 403 ? 'forbidden' : 'failed');
          }
        },
      );
    },
    [api, workflowId, result],
  );

  useEffect(() => {
    void load();
  }, [load]);

  const ask = (before?: string) => {
    setLoading(true);
    void load(before).finally(() => setLoading(false));
  };

  // What was found before by another result isn't shown.
  const shown = page?.result === result ? page : undefined;
  const atTop = (shown?.deliveries.length ?? 0) <= PAGE;
  useEffect(() => {
    // A look for new ones would supersede what the user asked for.
    if (!live || !atTop || problem || loading) {
      return undefined;
    }
    const timer = setInterval(() => {
      if (!document.hidden) {
        void load();
      }
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [live, atTop, problem, loading, load]);

  return {
    deliveries: shown?.deliveries,
    at: shown?.at ?? 0,
    hasMore: Boolean(shown?.next),
    loading,
    problem,
    reload: () => ask(),
    loadMore: () => ask(shown?.next ?? undefined),
  };
}
