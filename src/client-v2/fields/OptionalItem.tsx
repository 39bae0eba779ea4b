import { Form, type FormItemProps } from 'antd';

/** A field that may be empty. Clearing it removes the key, as if the field had never been touched. */
export function OptionalItem(props: FormItemProps) {
  return <Form.Item normalize={(value: unknown) => (value === '' || value === null ? undefined : value)} {...props} />;
}
