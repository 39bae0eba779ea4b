import type PluginWorkflowServer from '@nocobase/plugin-workflow';
import type { Application } from '@nocobase/server';
import { StartWatch } from './StartWatch';
import type { Turn } from './Turn';

/** Hands stored executions to the engine's queue. */
export class StoredExecutions {
  /** The executions to start, by the tickets of their events. */
  private readonly toStart = new Map<number, string>();
  private readonly watch: StartWatch | undefined;

  /** @param turn is there on SQLite alone */
  constructor(
    private readonly app: Application,
    private readonly workflow: PluginWorkflowServer,
    private readonly turn: Turn | undefined,
  ) {
    this.watch =
      turn &&
      new StartWatch(
        app,
        () => turn.isEngineIdle(),
        (executionId) => this.publish(executionId),
      );
  }

  /** Remembers the execution of an event until it is to be started. */
  add(ticket: number, executionId: string): void {
    this.toStart.set(ticket, executionId);
  }

  /** Starts the executions of some events. Never throws: the engine's recovery looks for stored executions that never began. */
  async start(tickets: number[]): Promise<void> {
    for (const ticket of tickets) {
      const executionId = this.toStart.get(ticket) as string;
      this.toStart.delete(ticket);
      try {
        await this.publish(executionId);
        this.watch?.watch(executionId);
      } catch (error) {
        this.app.logger.error(`webhooks: execution ${executionId} could not be put into the engine's queue`, { error });
      }
    }
  }

  /** Makes sure that an execution begins that something else has put, or will put, into the engine's queue. */
  watchStart(executionId: string): void {
    this.watch?.watch(executionId);
  }

  /** Ends watching whether executions begin. */
  stop(): void {
    this.watch?.stop();
  }

  private publish(executionId: string): Promise<void> {
    const publish = () => this.workflow.start(executionId);
    const { turn } = this;
    return turn ? turn.take(() => turn.publish(publish)) : publish();
  }
}
