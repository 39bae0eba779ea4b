import { Form, Input } from 'antd';
import { cloneDeep, get, set } from 'lodash';
import { useId } from 'react';

interface ValueInputsProps {
  /** The inputs: the path of each one's text in the value, and its label. */
  fields: { path: string[]; label: string }[];
  value?: object;
  onChange?: (value: object) => void;
}

/** A text input for each of the given paths of an object. */
export function ValueInputs({ fields, value = {}, onChange }: ValueInputsProps) {
  const id = useId();
  return (
    <>
      {fields.map(({ path, label }, index) => {
        const current = get(value, path) as unknown;
        return (
          <Form.Item key={path.join('.')} label={label} htmlFor={`${id}-${index}`} style={{ marginBottom: 8 }}>
            <Input
              id={`${id}-${index}`}
              value={typeof current === 'string' ? current : ''}
              onChange={(event) => onChange?.(set(cloneDeep(value), path, event.target.value))}
            />
          </Form.Item>
        );
      })}
    </>
  );
}
