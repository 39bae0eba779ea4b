import { type ComponentType } from 'react';
import { Section } from '../fields/Section';
import { useT } from '../locale';
import { BasicAuthenticationFields } from './BasicAuthenticationFields';

/** The ways a caller can prove who they are, in the order of the form. Each brings its own part of the config. */
const AUTHENTICATIONS: ComponentType[] = [BasicAuthenticationFields];

export function SecuritySection() {
  const t = useT();
  return (
    <Section title={t('Security')}>
      {AUTHENTICATIONS.map((Fields, index) => (
        <Fields key={index} />
      ))}
    </Section>
  );
}
