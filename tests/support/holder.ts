import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from './wait';

/** An HTTP server that holds requests until the test releases them, to keep executions running. */
export class Holder {
  /** The names of all requests, in order of arrival. */
  readonly arrived: string[] = [];
  private readonly held = new Map<string, ServerResponse[]>();
  private isOpen = false;
  private readonly server: Server = createServer((request, response) => {
    const name = (request.url as string).slice(1);
    this.arrived.push(name);
    if (this.isOpen) {
      response.end('{}');
      return;
    }
    this.held.set(name, [...(this.held.get(name) ?? []), response]);
  });

  async start(): Promise<void> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** Returns a node that keeps its execution running until the test releases the name. */
  node(name: string): { type: string; config: Record<string, unknown> } {
    const { port } = this.server.address() as AddressInfo;
    return { type: 'request', config: { url: `http://127.0.0.1:${port}/${name}`, method: 'GET', timeout: 60_000 } };
  }

  release(name: string): void {
    this.held.get(name)?.forEach((response) => response.end('{}'));
    this.held.delete(name);
  }

  /** Releases what waits here, and from now on whatever comes at once. */
  open(): void {
    this.isOpen = true;
    [...this.held.keys()].forEach((name) => this.release(name));
  }

  count(name: string): number {
    return this.arrived.filter((arrived) => arrived === name).length;
  }

  async waitFor(name: string, count = 1): Promise<void> {
    await waitFor(`${count} requests for ${name}`, () => Promise.resolve(this.count(name) >= count));
  }
}
