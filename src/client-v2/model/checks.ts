import type { Check, ConfigIssue, Diagnosed as CoreDiagnosed, Diagnosis } from '../../../index';
import type { Translate } from '../locale';

export type { Check };
export type { Rejection } from '../../common/rejection';

/** The result of `webhook:diagnose`: the checks, and the issues of the configuration. */
export type Diagnosed = Pick<CoreDiagnosed, 'accepted' | 'checks'> & { issues: ConfigIssue[] };

/** Returns the label of a check. */
export function checkLabel({ check, index = 0 }: Check, t: Translate): string {
  switch (check) {
    case 'method':
      return t('Method');
    case 'size':
      return t('Size');
    case 'address':
      return t('IP address');
    case 'basic':
      return t('Basic auth');
    case 'authentication':
      return t('Method {{n}}', { n: index + 1 });
    case 'verification':
      return t('URL verification');
    case 'envelope':
      return t('Encryption');
    case 'body':
      return t('Body');
  }
}

/** Returns the label of a check's outcome. */
export function outcomeLabel(outcome: Check['outcome'], t: Translate): string {
  switch (outcome) {
    case 'passed':
      return t('Passed');
    case 'failed':
      return t('Failed');
    case 'notReached':
      return t('Not reached');
    case 'notConfigured':
      return t('Not configured');
  }
}

/** Explains why a check failed and what to do about it, one sentence each. */
export function explain({ diagnosis, rejection }: Check, t: Translate): string[] {
  const sentences = diagnosis ? explainDiagnosis(diagnosis, t) : [];
  return rejection ? [...sentences, t('Response: {{status}} {{message}}', rejection)] : sentences;
}

function explainDiagnosis(diagnosis: Diagnosis, t: Translate): string[] {
  switch (diagnosis.code) {
    case 'MISSING':
      return [t('Missing: {{place}}', { place: placeLabel(diagnosis.place, t) })];
    case 'REPEATED':
      return [t('Sent more than once: {{place}}', { place: placeLabel(diagnosis.place, t) })];
    case 'MALFORMED':
      return [
        t('Invalid format in {{place}}. Expected: {{expected}}', {
          place: placeLabel(diagnosis.place, t),
          expected: diagnosis.expected,
        }),
      ];
    case 'CLOCK_OFF': {
      const { seconds, tolerance } = diagnosis;
      return [
        seconds < 0
          ? t('Timestamp is {{seconds}} s in the future (tolerance {{tolerance}} s).', {
              seconds: -seconds,
              tolerance,
            })
          : t('Timestamp too old: {{seconds}} s (tolerance {{tolerance}} s).', { seconds, tolerance }),
        t('Check both clocks. For an older request, set “Received at”.'),
      ];
    }
    case 'NO_MATCH':
      return [t('No configured secret matches.'), explainHint(diagnosis.hint, t)];
    case 'BODY_HASH':
      return [t('The body differs from the one that was signed.')];
    case 'SECRET_FORM':
      return [
        t('Secret {{n}} has an invalid format. Expected: {{expected}}', {
          n: diagnosis.index + 1,
          expected: diagnosis.expected,
        }),
      ];
    case 'CLAIM':
      return [
        t("Claim {{name}} doesn't match. Expected: {{expected}}", {
          name: diagnosis.name,
          expected: diagnosis.expected,
        }),
      ];
    default:
      // A code newer than this form, or one that the form prevents.
      return [diagnosis.message];
  }
}

function explainHint(hint: Extract<Diagnosis, { code: 'NO_MATCH' }>['hint'], t: Translate): string {
  switch (hint) {
    case 'bodyWhitespace':
      return t('The signature matches if whitespace differs: a proxy or framework probably re-serialized the body.');
    case 'bodyEscaping':
      return t('The signature matches if escaping differs: a proxy or framework probably re-serialized the body.');
    case 'bodyLineBreaks':
      return t('The signature matches with different line endings, which were changed in transit or when pasting.');
    case 'bodyEmpty':
      return t("The signature matches an empty body: the sender didn't sign this body, or it was lost in transit.");
    case 'bodyInflated':
      return t(
        'The signature matches the uncompressed body. In the signed content, use {inflatedBody} instead of {body}.',
      );
    case 'secretWhitespace':
      return t('The secret has leading or trailing spaces.');
    case 'secretForm':
      return t('The signature matches with another secret encoding. Check encoding and prefix.');
    case 'url':
      return t('The signature matches a variant of the URL. Check http/https and the trailing slash.');
    default:
      return t(
        "Check that the secret matches the sender's and that no proxy modifies the body (with curl, use --data-binary).",
      );
  }
}

/** Translates the name of a place, as the core writes it, into the user's language. Of several places each is translated. */
export function placeLabel(place: string, t: Translate): string {
  const labels = {
    header: () => t('Header'),
    'query parameter': () => t('Query parameter'),
    'body at': () => t('Body path'),
    'form field': () => t('Form field'),
    'body in': () => t('XML element'),
    'signature after': () => t('Signature element key'),
  };
  const names = place.split(' or ').map((one) => {
    const [, kind, name] =
      /^(header|query parameter|body at|form field|body in|signature after) (.*)$/s.exec(one) ?? [];
    return kind ? `${labels[kind as keyof typeof labels]()} ${name}` : one;
  });
  return names.join(' / ');
}
