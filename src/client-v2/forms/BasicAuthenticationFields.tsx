import { Form } from 'antd';
import type { BasicAuthentication } from '../../common/config';
import { Columns } from '../fields/Columns';
import { EnvInput } from '../fields/EnvInput';
import { PartSwitch } from '../fields/PartSwitch';
import { useT } from '../locale';

const PATH = ['config', 'basicAuthentication'];

/** A switch for HTTP Basic authentication with a user name and a password. */
export function BasicAuthenticationFields() {
  const t = useT();
  const form = Form.useFormInstance();
  // `preserve`: the fields' own value would still be an object while the user and password fields are being removed.
  const value = Form.useWatch(PATH, { form, preserve: true }) as BasicAuthentication | undefined;
  return (
    <>
      <PartSwitch
        name={PATH}
        label={t('HTTP Basic authentication')}
        extra={t('Only callers with this user name and password are let in. Others get the answer 401.')}
        create={() => ({ username: '', password: '' })}
        off={false}
      />
      {value ? (
        <Columns>
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
        </Columns>
      ) : null}
    </>
  );
}
