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
 * The variables of a webhook as the editor's pickers list them: `$context.headers`, `.query`, `.body` and what else is
 * configured.
 *
 * A group without rows has no `children`, which makes the group itself a variable; without headers and path segments
 * there is none, as only configured ones are kept.
 */
export function requestVariables(config: TriggerConfig | undefined, t: Translate): VariableOption[] {
  const { request } = config ?? {};
  return [
    group('headers', t('Headers'), headerOptions(request?.headers)),
    group('params', t('Path segments'), pathOptions(request?.params)),
    group('query', t('Query'), pathOptions(request?.query)),
    group('body', t('Body'), pathOptions(request?.body)),
    group('rawBody', t('Raw body'), []),
    group('auth', t('Claims of the JSON Web Token'), []),
  ].filter(({ value, children }) => {
    switch (value) {
      case 'headers':
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
    config?.authentication?.some((proof) => (proof?.scheme as { kind?: string } | undefined)?.kind === 'jwt'),
  );
}

function group(value: string, label: string, children: Option[]): Option {
  return { key: value, value, label, ...(children.length ? { children } : {}) };
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

/** Pickers cut a variable at its dots when they look for its label, so a path without a name of its own is a branch. */
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

/** The same variables in the form that NocoBase's pickers take directly. */
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
