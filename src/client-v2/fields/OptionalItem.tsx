import { Form, type FormItemProps } from 'antd';

/** A field that may be empty. An emptied one is an absent one, as one never touched is. */
export function OptionalItem(props: FormItemProps) {
  return <Form.Item normalize={(value: unknown) => (value === '' || value === null ? undefined : value)} {...props} />;
}
