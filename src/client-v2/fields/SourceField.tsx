import { Input, Select, Space } from 'antd';
import type { Rule } from 'antd/es/form';
import { type Translate, useT } from '../locale';
import type { ValueSource, ValueSources } from '../model/authMethods';

export type SourceKind = 'header' | 'query' | 'body' | 'form' | 'xml' | 'part';

/** Returns the name of a place in a request. */
export function sourceLabel(kind: SourceKind, t: Translate): string {
  switch (kind) {
    case 'header':
      return t('Header');
    case 'query':
      return t('Query parameter');
    case 'body':
      return t('Body path');
    case 'form':
      return t('Form field');
    case 'xml':
      return t('XML element');
    case 'part':
      return t('Signature element key');
  }
}

interface SourceFieldProps {
  id?: string;
  value?: ValueSource;
  onChange?: (value: ValueSource) => void;
  /** The kinds to choose from. */
  kinds: readonly SourceKind[];
}

/** Selects where in a request a value is: the kind of place and its name. */
export function SourceField({ id, value, onChange, kinds }: SourceFieldProps) {
  const t = useT();
  const [kind, name] = (Object.entries(value ?? {})[0] ?? [kinds[0], '']) as [SourceKind, string];
  const change = (nextKind: SourceKind, nextName: string) => onChange?.({ [nextKind]: nextName } as ValueSource);
  return (
    <Space.Compact block>
      <Select
        aria-label={t('Location type')}
        style={{ flex: 'none', width: '45%' }}
        value={kind}
        onChange={(next) => change(next, name)}
        options={kinds.map((one) => ({ value: one, label: sourceLabel(one, t) }))}
      />
      <Input
        id={id}

        value={name}
        spellCheck={false}
        onChange={(event) => change(kind, event.target.value)}
      />
    </Space.Compact>
  );
}

/** Requires the name of each place and, for a header, a valid header name. */
export function sourceRule(t: Translate): Rule {
  return {
    validator: async (_rule, value: ValueSources | undefined) => {
      for (const source of [value ?? {}].flat()) {
        const [kind, name] = (Object.entries(source)[0] ?? []) as [string?, string?];
        if (!name?.trim()) {
          throw new Error(t('Enter a name.'));
        }
        if (kind === 'header' && !HEADER_NAME.test(name)) {
          throw new Error(t("A header name can't contain spaces or colons."));
        }
      }
    },
  };
}

/** RFC 9110 section 5.6.2. */
export const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
