import { Typography } from 'antd';
import { useT } from '../locale';
import type { providerOf } from '../model/providers';

interface SetupStepsProps {
  provider: NonNullable<ReturnType<typeof providerOf>>;
  /** Whether the owner generates the secret and enters it at the provider. */
  ownSecret: boolean;
}

/** What to do in a provider's settings, with a link to its documentation. */
export function SetupSteps({ provider: { place, contentType, documentation }, ownSecret }: SetupStepsProps) {
  const t = useT();
  return (
    <Typography.Paragraph type="secondary">
      {ownSecret
        ? t('Use the same secret at the provider: {{place}}', { place })
        : t('Paste the secret from the provider: {{place}}', { place })}
      <br />
      {t('Paste the webhook URL there.')}{' '}
      {contentType ? `${t('Select {{contentType}} as the content type.', { contentType })} ` : null}
      {/* antd's colour of links has less contrast than WCAG 2.1 requires; the underline shows that it is one. */}
      <Typography.Link href={documentation} target="_blank" rel="noreferrer" underline style={{ color: 'inherit' }}>
        {t('Documentation')}
      </Typography.Link>
    </Typography.Paragraph>
  );
}
