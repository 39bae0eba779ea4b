import type { MetaTreeNode } from '@nocobase/flow-engine';
import type { VariableOption } from '@nocobase/plugin-workflow/client-v2';
import type { HeaderItem, PathItem, TriggerConfig } from '../../common/config';
import type { Translate } from '../locale';

interface Option extends VariableOption {
  key: string;
  value: string;
  label: string;
  children?: Option[];
}

/**
 * Returns the variables of a webhook for the editor's pickers: `$context.request`, `.headers`, `.query`, `.body` and whatever else is
 * configured.
 *
 * A group without rows has no `children`, which makes the group itself a variable. Path parameters, and headers where only listed ones
 * are kept, are the exception: without rows there are none.
 */
export function requestVariables(config: TriggerConfig | undefined, t: Translate): VariableOption[] {
  const { request } = config ?? {};
  return [
    group('request', t('Request'), requestOptions(t)),
    group('headers', t('Headers'), headerOptions(request?.headers)),
    group('params', t('Path parameters'), pathOptions(request?.params)),
    group('query', t('Query'), pathOptions(request?.query)),
    group('body', t('Body'), pathOptions(request?.body)),
    group('rawBody', t('Raw body'), []),
    group('auth', t('JWT claims'), []),
  ].filter(({ value, children }) => {
    switch (value) {
      case 'headers':
        return request?.keep !== 'listed' || Boolean(children);
      case 'params':
        return Boolean(children);
      case 'rawBody':
        return request?.rawBody;
      case 'auth':
        return hasClaims(config);
      default:
        return true;
    }
  });
}

function hasClaims(config: TriggerConfig | undefined): boolean {
  return Boolean(
    config?.authentication?.some((method) => (method?.scheme as { kind?: string } | undefined)?.kind === 'jwt'),
  );
}

function group(value: string, label: string, children: Option[]): Option {
  return { key: value, value, label, ...(children.length ? { children } : {}) };
}

function requestOptions(t: Translate): Option[] {
  const labels = {
    method: t('Method'),
    path: t('Path'),
    ip: t('IP address'),
    receivedAt: t('Received at'),
    id: t('Request ID'),
  };
  return Object.entries(labels).map(([value, label]) => ({ key: value, value, label }));
}

function headerOptions(headers: HeaderItem[] | undefined): Option[] {
  return (headers ?? []).flatMap((item) => (item?.key ? [{ key: item.key, value: item.key, label: item.key }] : []));
}

function pathOptions(items: PathItem[] | undefined): Option[] {
  const options: Option[] = [];
  for (const item of items ?? []) {
    if (!item?.key) {
      continue;
    }
    if (item._var) {
      options.push({ key: item._var, value: item._var, label: item.alias || item.key });
    } else {
      addNested(options, item.key.split('.'), item.alias);
    }
  }
  return options;
}

/** Pickers split a variable at its dots to find its label, so a path without a variable name becomes a branch. */
function addNested(options: Option[], [first, ...rest]: string[], alias: string | undefined) {
  let option = options.find((one) => one.value === first);
  if (!option) {
    option = { key: first, value: first, label: first };
    options.push(option);
  }
  if (rest.length) {
    option.children ??= [];
    addNested(option.children, rest, alias);
  } else {
    option.label = alias || first;
  }
}

/** Returns the same variables as a tree for NocoBase's pickers. */
export function requestMetaTree(config: TriggerConfig | undefined, t: Translate): MetaTreeNode {
  return metaTreeNode({
    value: '$context',
    label: t('Trigger variables'),
    children: requestVariables(config, t),
  });
}

function metaTreeNode(option: VariableOption, parents: string[] = []): MetaTreeNode {
  const name = String(option.value);
  const paths = [...parents, name];
  return {
    name,
    title: option.label as string,
    type: '',
    paths,
    ...(option.children ? { children: option.children.map((child) => metaTreeNode(child, paths)) } : {}),
  };
}
