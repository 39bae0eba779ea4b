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
        label={t('Basic auth')}
        extra={t('Also require this username and password.')}
        create={() => ({ username: '', password: '' })}
        off={false}
      />
      {value ? (
        <Columns>
          <Form.Item
            name={[...PATH, 'username']}
            label={t('Username')}
            rules={[
              { required: true, message: t('Enter a username.') },
              { pattern: /^[^:]*$/, message: t("The username can't contain a colon.") },
            ]}
          >
            <EnvInput />
          </Form.Item>
          <Form.Item
            name={[...PATH, 'password']}
            label={t('Password')}
            rules={[{ required: true, message: t('Enter a password.') }]}
          >
            <EnvInput masked />
          </Form.Item>
        </Columns>
      ) : null}
    </>
  );
}
