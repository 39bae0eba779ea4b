import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Form, type FormListFieldData, type FormListOperation, theme } from 'antd';
import type { Rule } from 'antd/es/form';
import type { NamePath } from 'antd/es/form/interface';
import { type ComponentProps, type ReactNode, useEffect, useRef } from 'react';
import { useT } from '../locale';

interface RowListProps {
  name: NamePath;
  /** The accessible name of the list. */
  label: string;
  addLabel: string;
  /** Returns a new row as it is stored; keys without a field are kept. */
  create: () => unknown;
  /** The maximum number of rows. */
  max?: number;
  /** Shows each row as a block with this title instead of a line of fields. */
  block?: (n: number) => string;
  rules?: ListRule[];
  /** Adds buttons that move rows up and down. */
  reorder?: boolean;
  /** The fields of a row; `n` counts from 1, and `add` appends another row. */
  children: (field: FormListFieldData, n: number, add: (row: unknown) => void) => ReactNode;
}

type ListRule = NonNullable<ComponentProps<typeof Form.List>['rules']>[number];

/** Rows that can be added, deleted and reordered by mouse or keyboard. */
export function RowList({ name, rules, ...rest }: RowListProps) {
  return (
    <Form.List name={name} rules={rules}>
      {(fields, operations, { errors }) => <Rows {...rest} {...{ fields, errors, ...operations }} />}
    </Form.List>
  );
}

interface RowsProps extends Omit<RowListProps, 'name' | 'rules'>, FormListOperation {
  fields: FormListFieldData[];
  errors: ReactNode[];
}

function Rows({
  label,
  addLabel,
  create,
  max = Infinity,
  block,
  reorder,
  children,
  fields,
  errors,
  add,
  remove,
  move,
}: RowsProps) {
  const t = useT();
  const { token } = theme.useToken();
  const list = useRef<HTMLDivElement>(null);
  const focus = useRef<'last' | 'add'>();

  // Focus the new row, or, after a deletion, a button that still exists.
  useEffect(() => {
    const wanted = focus.current;
    focus.current = undefined;
    if (wanted === 'last') {
      // A row may contain rows itself.
      const rows = list.current?.querySelectorAll(':scope > [data-row]');
      rows?.[rows.length - 1]?.querySelector<HTMLElement>('input, textarea')?.focus();
    } else if (wanted === 'add') {
      list.current?.querySelector<HTMLElement>(':scope > [data-add]')?.focus();
    }
  }, [fields.length]);

  return (
    <div ref={list} data-list role="group" aria-label={label} style={{ marginBottom: token.margin }}>
      {fields.map((field, index) => {
        const buttons = (
          <div style={{ display: 'flex', flex: 'none', marginInlineStart: 'auto' }}>
            {reorder ? (
              <>
                <Button
                  type="text"
                  aria-label={t('Move row {{n}} up', { n: index + 1 })}
                  icon={<ArrowUpOutlined />}
                  disabled={index === 0 || undefined}
                  onClick={() => move(index, index - 1)}
                />
                <Button
                  type="text"
                  aria-label={t('Move row {{n}} down', { n: index + 1 })}
                  icon={<ArrowDownOutlined />}
                  disabled={index === fields.length - 1 || undefined}
                  onClick={() => move(index, index + 1)}
                />
              </>
            ) : null}
            <Button
              type="text"
              aria-label={
                block ? t('Delete {{name}}', { name: block(index + 1) }) : t('Delete row {{n}}', { n: index + 1 })
              }
              icon={<DeleteOutlined />}
              onClick={() => {
                focus.current = 'add';
                remove(index);
              }}
            />
          </div>
        );
        return block ? (
          <div
            key={field.key}
            data-row
            role="group"
            aria-label={block(index + 1)}
            style={{
              border: `${token.lineWidth}px solid ${token.colorBorderSecondary}`,
              borderRadius: token.borderRadiusLG,
              marginBottom: token.marginXS,
              padding: `${token.paddingXXS}px min(${token.paddingSM}px, 4%) ${token.paddingXS}px`,
            }}
          >
            <div style={{ alignItems: 'center', display: 'flex', flexWrap: 'wrap' }}>
              <strong>{block(index + 1)}</strong>
              {buttons}
            </div>
            {children(field, index + 1, add)}
          </div>
        ) : (
          <div
            key={field.key}
            data-row
            style={{
              alignItems: 'start',
              display: 'flex',
              flexWrap: 'wrap',
              gap: token.marginXS,
              marginBottom: token.marginXS,
            }}
          >
            <div style={{ display: 'flex', flex: '1 1 9em', flexWrap: 'wrap', gap: token.marginXS, minWidth: 0 }}>
              {children(field, index + 1, add)}
            </div>
            {buttons}
          </div>
        );
      })}
      <Form.ErrorList errors={errors} />
      <Button
        type="dashed"
        block
        data-add
        style={{ height: 'auto', whiteSpace: 'normal' }}
        disabled={fields.length >= max || undefined}
        icon={<PlusOutlined />}
        onClick={() => {
          focus.current = 'last';
          add(create());
        }}
      >
        {addLabel}
      </Button>
    </div>
  );
}

/** A field of a row: takes its share of the width and shows its error below. */
export function RowField({
  name,
  rules,
  children,
}: {
  name: (string | number)[];
  rules?: Rule[];
  children: ReactNode;
}) {
  return (
    <Form.Item
      name={name}
      rules={rules}
      // Clearing a field removes the key, as if the field had never been touched.
      normalize={(value: unknown) => (value === '' ? undefined : value)}
      style={{ flex: '1 1 8em', marginBottom: 0, minWidth: 0 }}
    >
      {children}
    </Form.Item>
  );
}
