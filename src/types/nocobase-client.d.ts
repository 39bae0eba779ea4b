// What the browser code uses of the NocoBase packages that are not in the registry (seen in NocoBase 2.2.15).

declare module '@nocobase/flow-engine' {
  import type { ModalFuncProps } from 'antd';
  import type { ComponentType, ReactNode } from 'react';

  export interface MetaTreeNode {
    name: string;
    title: string;
    type: string;
    paths: string[];
    disabled?: boolean;
    children?: MetaTreeNode[] | (() => Promise<MetaTreeNode[]>);
  }

  interface ApiRequest {
    url: string;
    method: string;
    data?: unknown;
    /** The query. */
    params?: object;
    /** No message to the user when the request fails; the caller says it. */
    skipNotify?: boolean;
  }

  interface AxiosResponse {
    config: { url?: string };
  }

  interface FlowContext {
    app: {
      name?: string;
      getApiUrl(path: string): string;
      pm: { get(name: 'workflow'): { isWorkflowSync(workflow: object): boolean } | undefined };
    };
    api: {
      request(request: ApiRequest): Promise<{ data: { data: unknown } }>;
      axios: {
        interceptors: {
          response: {
            use(onResponse: (response: AxiosResponse) => AxiosResponse): number;
            eject(interceptor: number): void;
          };
        };
      };
    };
    modal: { confirm(options: ModalFuncProps): PromiseLike<boolean> & { destroy(): void } };
    t(key: string, options?: object): string;
  }

  interface FlowView {
    /** Called before the view closes, also after a successful save; `false` keeps it open. */
    beforeClose?: (payload: object) => Promise<boolean | void> | boolean | void;
  }

  export function useFlowEngine(): { context: FlowContext };
  /** The drawer or dialog around a component. */
  export function useFlowView(): FlowView;
  export function tExpr(key: string, options?: object): string;

  export const FlowContextSelector: ComponentType<{
    metaTree: () => MetaTreeNode[];
    onlyLeafSelectable?: boolean;
    formatPathToValue?: (node?: MetaTreeNode) => string;
    onChange?: (value: string) => void;
    children?: ReactNode;
  }>;

  export type SubModelItem = object;
}

declare module '@nocobase/client' {
  export class Plugin {
    app: { pm: { get(name: string): unknown } };
    load(): Promise<void>;
  }
}

declare module '@nocobase/client-v2' {
  export class Plugin {
    app: { pm: { get(name: string): unknown } };
    load(): Promise<void>;
  }
}
