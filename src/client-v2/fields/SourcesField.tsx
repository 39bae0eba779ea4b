import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useT } from '../locale';
import type { ValueSource, ValueSources } from '../model/authMethods';
import { SourceField, type SourceKind } from './SourceField';

/** The maximum number of places, as in the core. */
const MAX_SOURCES = 4;

interface SourcesFieldProps {
  id?: string;
  value?: ValueSources;
  onChange?: (value: ValueSources) => void;
  /** The kinds to choose from. */
  kinds: readonly SourceKind[];
}

/** Selects one or several places in a request where a value may be. A single one is stored without a list. */
export function SourcesField({ id, value, onChange, kinds }: SourcesFieldProps) {
  const t = useT();
  const sources = [value ?? { [kinds[0]]: '' }].flat() as ValueSource[];
  const change = (next: ValueSource[]) => onChange?.(next.length === 1 ? next[0] : next);
  return (
    <>
      {sources.map((source, index) => (
        <div key={index} style={{ display: 'flex', marginBottom: 4 }}>
          <SourceField
            id={index === 0 ? id : undefined}
            value={source}
            kinds={kinds}
            onChange={(changed) => change(sources.map((other, at) => (at === index ? changed : other)))}
          />
          {sources.length > 1 ? (
            <Button
              type="text"
              aria-label={t('Delete row {{n}}', { n: index + 1 })}
              icon={<DeleteOutlined />}
              onClick={() => change(sources.filter((_, at) => at !== index))}
            />
          ) : null}
        </div>
      ))}
      {sources.length < MAX_SOURCES ? (
        <Button
          type="link"
          size="small"
          icon={<PlusOutlined />}
          title={t('The first location with a value is used.')}
          onClick={() => change([...sources, { [kinds[0]]: '' } as unknown as ValueSource])}
        >
          {t('Add location')}
        </Button>
      ) : null}
    </>
  );
}
