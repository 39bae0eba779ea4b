import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Application, AppSupervisor, Gateway } from '@nocobase/server';

type Handler = Parameters<typeof Gateway.registerRequestHandler>[0];

/**
 * Takes the main app's webhook calls over from NocoBase's gateway, and hands them to the app's own middlewares, all of them.
 *
 * Past that the gateway parses the URL again, asks for static files, and composes the app's middlewares anew for each request.
 * Which app a request is for is still asked of the gateway, as plugins may have a say in it. A call goes its usual way where
 * anything is out of the ordinary: another app, an app that isn't running, middlewares in the gateway itself.
 *
 * @param isWebhook whether a request's target (path and query) is a webhook's
 */
export function takeFromGateway(app: Application, isWebhook: (target: string) => boolean): void {
  // The gateway asks its handlers about the main app's requests alone.
  if (app.name !== 'main') {
    return;
  }
  const gateway = Gateway.getInstance();
  let middlewares: unknown;
  let callback: ReturnType<Application['callback']>;
  const handle = async (req: IncomingMessage, res: ServerResponse, main: Application): Promise<boolean> => {
    if (!isWebhook(req.url ?? '') || gateway.middlewares.nodes.length > 0) {
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
      callback = main.callback();
    }
    await callback(req, res);
    return true;
  };
  // The gateway waits for the handler's promise, though its type knows of none.
  const handler = handle as unknown as Handler;
  const take = () => Gateway.registerRequestHandler(handler);
  const giveBack = () => Gateway.unregisterRequestHandler(handler);
  app.on('afterStart', Object.assign(take, { _reinitializable: true }));
  app.on('beforeStop', Object.assign(giveBack, { _reinitializable: true }));
}
