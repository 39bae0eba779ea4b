import type { MetaTreeNode } from '@nocobase/flow-engine';
import { WorkflowVariableTextArea } from '@nocobase/plugin-workflow/client-v2';
import { Input } from 'antd';
import type { Rule } from 'antd/es/form';
import { useEffect, useRef, useState } from 'react';
import type { Translate } from '../locale';
import { textOfValue, UnreadableJson, valueOfText } from '../model/json';

const ROWS = { minRows: 4, maxRows: 16 };

interface JsonFieldProps {
  id?: string;
  value?: unknown;
  onChange?: (value: unknown) => void;
  /** Adds a variable picker: with the given tree, or with `true` the variables of the node being edited. */
  variables?: boolean | MetaTreeNode[];
  /** Keeps the text as a string instead of parsing it as JSON. */
  plain?: boolean;
}

/**
 * Edits a JSON value as text. Never reformats what the user types: text that can't be parsed becomes an `UnreadableJson`
 * in the form, which `jsonRule` rejects. Empty text is an empty string.
 */
export function JsonField({ id, value, onChange, variables, plain }: JsonFieldProps) {
  const [text, setText] = useState(() => textOf(value, plain));
  // The last value that this field itself put into the form. Any other value comes from outside and replaces the text.
  const own = useRef(value);

  const before = useRef(plain);

  function emit(next: string) {
    own.current = plain ? next : valueOfText(next);
    onChange?.(own.current);
  }

  // eslint-disable-next-line react-hooks/exhaustive-deps -- any render may bring a new value
  useEffect(() => {
    const switched = before.current !== plain;
    before.current = plain;
    if (value !== own.current) {
      own.current = value;
      setText(textOf(value, plain));
    } else if (switched) {
      // Switching between JSON and plain text keeps the text and changes its meaning.
      emit(text);
    }
  });

  const change = (next: string) => {
    setText(next);
    emit(next);
  };
  const common = { id, value: text, autoSize: ROWS, spellCheck: false };
  return variables ? (
    <WorkflowVariableTextArea
      {...common}
      onChange={change}
      {...(Array.isArray(variables) ? { metaTree: variables } : {})}
    />
  ) : (
    <Input.TextArea {...common} onChange={(event) => change(event.target.value)} style={{ fontFamily: 'monospace' }} />
  );
}

function textOf(value: unknown, plain: boolean | undefined): string {
  return plain && typeof value === 'string' ? value : textOfValue(value);
}

/** Rejects text that `JsonField` couldn't parse, with the reason and the position. */
export function jsonRule(t: Translate): Rule {
  return {
    validator: async (_rule, value: unknown) => {
      if (value instanceof UnreadableJson) {
        const { reason, place } = value.error;
        const { line, column } = place;
        throw new Error(
          reason === 'syntax'
            ? t('Invalid JSON at line {{line}}, column {{column}}. Variables must be in quotes.', {
                line,
                column,
              })
            : reason === 'number'
              ? t("The number at line {{line}}, column {{column}} can't be stored exactly. Quote it.", {
                  line,
                  column,
                })
              : t('The key at line {{line}}, column {{column}} is repeated. Only the last one would be kept.', {
                  line,
                  column,
                }),
        );
      }
    },
  };
}
