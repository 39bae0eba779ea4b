import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Application, AppSupervisor, Gateway } from '@nocobase/server';
import { renewedOnReload } from './listeners';
import { relevantMiddlewares } from './middlewares';

type Handler = Parameters<typeof Gateway.registerRequestHandler>[0];

/**
 * Takes the main app's webhook requests from NocoBase's gateway, and hands them to the app's own middlewares, except those that
 * have nothing to do with a webhook.
 *
 * Otherwise the gateway parses the URL again, looks for static files, and composes the app's middlewares for each request. The
 * gateway still decides which app a request is for, because plugins may take part in it.
 *
 * Calls the undocumented `Gateway.registerRequestHandler` and reads the middlewares of the gateway and of the app. Verified with
 * NocoBase 2.2.15. Fallback: the request passes through the gateway as any other. This is also what happens if anything is out of
 * the ordinary: another app, an app that isn't running, middlewares in the gateway itself.
 *
 * @param isWebhook says whether a request's target (path and query) is a webhook's
 */
export function takeFromGateway(app: Application, isWebhook: (target: string) => boolean): void {
  // The gateway calls its handlers for the main app's requests alone.
  if (app.name !== 'main' || typeof Gateway.registerRequestHandler !== 'function') {
    return;
  }
  const gateway = Gateway.getInstance();
  let middlewares: unknown;
  let callback: ReturnType<Application['callback']>;
  const handle = async (req: IncomingMessage, res: ServerResponse, main: Application): Promise<boolean> => {
    if (!isWebhook(req.url ?? '') || gateway.middlewares?.nodes?.length !== 0) {
      return false;
    }
    if ((await gateway.getRequestHandleAppName(req)) !== main.name) {
      return false;
    }
    if ((await AppSupervisor.getInstance().getAppStatus(main.name)) !== 'running') {
      return false;
    }
    // Each middleware that is added makes another array.
    if (middlewares !== main.middleware.nodes) {
      middlewares = main.middleware.nodes;
      callback = callbackOf(main);
    }
    await callback(req, res);
    return true;
  };
  // The gateway waits for the handler's promise, though its type doesn't say so.
  const handler = handle as unknown as Handler;
  const take = () => Gateway.registerRequestHandler(handler);
  const giveBack = () => Gateway.unregisterRequestHandler(handler);
  app.on('afterStart', renewedOnReload(take));
  app.on('beforeStop', renewedOnReload(giveBack));
}

/** Returns what the app does with a webhook request: its middlewares that matter, composed once. */
function callbackOf(app: Application): ReturnType<Application['callback']> {
  const { middleware } = app;
  // Read before the call returns.
  app.middleware = { nodes: relevantMiddlewares(middleware) };
  try {
    return app.callback();
  } finally {
    app.middleware = middleware;
  }
}
