import { Form } from 'antd';

function Nothing() {
  return null;
}

/**
 * Keeps the config keys that have no field. NocoBase saves the values of a form's fields and drops everything else; a field
 * for the whole config preserves the rest. Such keys come from the API, from the commercial plugin, or from a later version
 * of this one.
 */
export function KeepRest() {
  return (
    <Form.Item name="config" noStyle>
      <Nothing />
    </Form.Item>
  );
}
