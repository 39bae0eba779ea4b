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
      return t('Address');
    case 'basic':
      return t('HTTP Basic authentication');
    case 'authentication':
      return t('Proof {{n}}', { n: index + 1 });
    case 'verification':
      return t('Handshake');
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
      return t('passed');
    case 'failed':
      return t('failed');
    case 'notReached':
      return t('not reached');
    case 'notConfigured':
      return t('not asked for');
  }
}

/** Explains why a check failed and what to do about it, one sentence each. */
export function explain({ diagnosis, rejection }: Check, t: Translate): string[] {
  const sentences = diagnosis ? explainDiagnosis(diagnosis, t) : [];
  return rejection ? [...sentences, t('The caller gets {{status}}: {{message}}', rejection)] : sentences;
}

function explainDiagnosis(diagnosis: Diagnosis, t: Translate): string[] {
  switch (diagnosis.code) {
    case 'MISSING':
      return [t('This is missing: {{place}}', { place: placeLabel(diagnosis.place, t) })];
    case 'REPEATED':
      return [t('This is there more than once: {{place}}', { place: placeLabel(diagnosis.place, t) })];
    case 'MALFORMED':
      return [
        t('This is not written as it should be: {{place}}. Expected: {{expected}}', {
          place: placeLabel(diagnosis.place, t),
          expected: diagnosis.expected,
        }),
      ];
    case 'CLOCK_OFF': {
      const { seconds, tolerance } = diagnosis;
      return [
        seconds < 0
          ? t('The call is signed {{seconds}} seconds ahead of the time here; {{tolerance}} are allowed.', {
              seconds: -seconds,
              tolerance,
            })
          : t('The call was signed {{seconds}} seconds before; {{tolerance}} are allowed.', { seconds, tolerance }),
        t('Compare the clocks. For an older call, say above when it came.'),
      ];
    }
    case 'NO_MATCH':
      return [t('No secret matches what was sent.'), explainHint(diagnosis.hint, t)];
    case 'BODY_HASH':
      return [t('The body is another one than the sender has signed.')];
    case 'SECRET_FORM':
      return [
        t('Secret {{n}} is not written as it should be. Expected: {{expected}}', {
          n: diagnosis.index + 1,
          expected: diagnosis.expected,
        }),
      ];
    case 'CLAIM':
      return [
        t('The token does not say what it should in {{name}}. Expected: {{expected}}', {
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
      return t('With other spaces in the body it would match: something on the way has read it and written it anew.');
    case 'bodyEscaping':
      return t('With other escapes in the body it would match: something on the way has read it and written it anew.');
    case 'bodyLineBreaks':
      return t('With other line breaks in the body it would match: they were changed on the way, or in copying.');
    case 'bodyEmpty':
      return t('With an empty body it would match: the sender has not signed this one, or it was lost on the way.');
    case 'secretWhitespace':
      return t('Without the spaces around the secret it would match.');
    case 'secretForm':
      return t(
        'With the secret read in another form it would match: look at how it is written, and at its first letters.',
      );
    case 'url':
      return t('With another form of the URL it would match: look at http or https, and at a slash at the end.');
    default:
      return t('Compare the secret with that of the sender, and make sure that nothing changes the body on the way.');
  }
}

/** Translates the name of a place, as the core writes it, into the user's language. */
export function placeLabel(place: string, t: Translate): string {
  const [, kind, name] = /^(header|query parameter|body at|body in|signature after) (.*)$/s.exec(place) ?? [];
  const label = {
    header: () => t('Header'),
    'query parameter': () => t('Query parameter'),
    'body at': () => t('Path in the body'),
    'body in': () => t('XML element'),
    'signature after': () => t('Part of the signature, after'),
  }[kind];
  return label ? `${label()} ${name}` : place;
}
