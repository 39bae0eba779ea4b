import { Alert, Form, Switch } from 'antd';
import { useRef } from 'react';
import type { BasicAuthentication } from '../../common/config';
import { EnvInput } from '../fields/EnvInput';
import { useT } from '../locale';

const PATH = ['config', 'basicAuthentication'];

/** HTTP Basic authentication as a switch with a user and a password. */
export function BasicAuthenticationFields() {
  const t = useT();
  const form = Form.useFormInstance();
  // As stored: what the fields hold would still be an object while the fields of user and password are being taken away.
  const value = Form.useWatch(PATH, { form, preserve: true }) as BasicAuthentication | undefined;
  // Switching off and on again brings back what was typed.
  const last = useRef<BasicAuthentication>();
  return (
    <>
      <Form.Item
        name={PATH}
        label={t('HTTP Basic authentication')}
        initialValue={false}
        valuePropName="checked"
        getValueProps={(stored: BasicAuthentication) => ({ checked: Boolean(stored) })}
        normalize={(on: boolean, stored: BasicAuthentication) => {
          if (!on) {
            last.current = stored;
          }
          return on && (last.current || { username: '', password: '' });
        }}
        extra={t('Only callers with this user name and password are let in. Others get the answer 401.')}
      >
        <Switch />
      </Form.Item>
      {value ? (
        <div
          style={{
            display: 'grid',
            gap: '0 16px',
            gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 14em), 1fr))',
          }}
        >
          <Form.Item
            name={[...PATH, 'username']}
            label={t('User name')}
            rules={[
              { required: true, message: t('The user name is missing.') },
              { pattern: /^[^:]*$/, message: t('A user name can not have a colon.') },
            ]}
          >
            <EnvInput />
          </Form.Item>
          <Form.Item
            name={[...PATH, 'password']}
            label={t('Password')}
            rules={[{ required: true, message: t('The password is missing.') }]}
          >
            <EnvInput masked />
          </Form.Item>
        </div>
      ) : (
        <Alert
          type="warning"
          showIcon
          message={t('Anyone who knows the URL can run this workflow.')}
          style={{ marginBottom: 16 }}
        />
      )}
    </>
  );
}
