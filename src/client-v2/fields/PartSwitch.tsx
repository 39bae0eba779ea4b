import { Form, Switch } from 'antd';
import { type ReactNode, useRef } from 'react';

interface PartSwitchProps {
  /** Where the part is, from the list around it where there is one. */
  name: (string | number)[];
  label: string;
  extra?: ReactNode;
  /** The part as it is when it is switched on for the first time. */
  create: () => object;
  /** What stands for a part that is off. */
  off?: false;
}

/** A part of the config that is there or not. Switching it off and on again brings back what was typed. */
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
