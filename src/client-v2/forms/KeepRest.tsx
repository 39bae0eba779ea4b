import { Form } from 'antd';

function Nothing() {
  return null;
}

/**
 * Keeps the keys of the config that no field shows. NocoBase saves what the fields of a form hold and drops the rest;
 * as a field for the whole config, this one makes the rest part of it. Such keys come from the API, from the
 * commercial plugin, or from a later version of this one.
 */
export function KeepRest() {
  return (
    <Form.Item name="config" noStyle>
      <Nothing />
    </Form.Item>
  );
}
