import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Form, type FormListFieldData, type FormListOperation, theme } from 'antd';
import type { Rule } from 'antd/es/form';
import type { NamePath } from 'antd/es/form/interface';
import { type ComponentProps, type ReactNode, useEffect, useRef } from 'react';
import { useT } from '../locale';

interface RowListProps {
  name: NamePath;
  /** What the rows are, for screen readers. */
  label: string;
  addLabel: string;
  /** A new row as it is stored; keys without a field of their own are kept. */
  create: () => unknown;
  /** How many rows there may be. */
  max?: number;
  /** What a row is called that is no line of fields but a block of its own. */
  block?: (n: number) => string;
  rules?: ListRule[];
  /** Whether the order means something to the reader. */
  reorder?: boolean;
  /** The fields of a row; `n` counts from 1. */
  children: (field: FormListFieldData, n: number) => ReactNode;
}

type ListRule = NonNullable<ComponentProps<typeof Form.List>['rules']>[number];

/** Rows that can be added, deleted and put in order, by mouse or by keyboard. */
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

  // The focus follows what was done: into the new row, or to a button that is still there.
  useEffect(() => {
    const wanted = focus.current;
    focus.current = undefined;
    if (wanted === 'last') {
      // A row may hold rows itself.
      const rows = list.current?.querySelectorAll(':scope > [data-row]');
      rows?.[rows.length - 1]?.querySelector<HTMLElement>('input, textarea')?.focus();
    } else if (wanted === 'add') {
      list.current?.querySelector<HTMLElement>(':scope > [data-add]')?.focus();
    }
  }, [fields.length]);

  return (
    <div ref={list} role="group" aria-label={label} style={{ marginBottom: token.margin }}>
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
            {children(field, index + 1)}
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
              {children(field, index + 1)}
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

/** A field of a row: it takes its share of the width and shows its error below itself. */
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
      // An emptied field is an absent one, as one never touched is.
      normalize={(value: unknown) => (value === '' ? undefined : value)}
      style={{ flex: '1 1 8em', marginBottom: 0, minWidth: 0 }}
    >
      {children}
    </Form.Item>
  );
}
