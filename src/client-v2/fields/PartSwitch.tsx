import { Form, Switch } from 'antd';
import { type ReactNode, useRef } from 'react';

interface PartSwitchProps {
  /** The path of the part, relative to the enclosing list if there is one. */
  name: (string | number)[];
  label: string;
  extra?: ReactNode;
  /** Returns the initial value, used when the part is first switched on. */
  create: () => object;
  /** The stored value of a part that is off. Default: none. */
  off?: false;
}

/** Switches an optional part of the config on and off. Switching it on again restores what was typed. */
export function PartSwitch({ name, label, extra, create, off }: PartSwitchProps) {
  const last = useRef<object>();
  return (
    <Form.Item
      name={name}
      label={label}
      extra={extra}
      valuePropName="checked"
      getValueProps={(stored: object | false | undefined) => ({ checked: Boolean(stored) })}
      normalize={(on: boolean, stored: object | false | undefined) => {
        if (!on) {
          last.current = stored || undefined;
        }
        return on ? (last.current ?? create()) : off;
      }}
    >
      <Switch />
    </Form.Item>
  );
}
