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
  /** With a picker for variables. Without a tree it offers those of the node that is being edited. */
  variables?: boolean | MetaTreeNode[];
  /** Keep the text as a string instead of reading it as JSON. */
  plain?: boolean;
}

/**
 * A JSON value to edit as text. What is typed stays as it is typed: it is never reformatted, and a text that can't be
 * read becomes an `UnreadableJson` in the form, for `jsonRule` to refuse. An empty text is an empty string.
 */
export function JsonField({ id, value, onChange, variables, plain }: JsonFieldProps) {
  const [text, setText] = useState(() => textOf(value, plain));
  // What this field itself put into the form last. Any other value comes from outside, and is written anew.
  const own = useRef(value);

  const before = useRef(plain);

  function emit(next: string) {
    own.current = plain ? next : valueOfText(next);
    onChange?.(own.current);
  }

  // eslint-disable-next-line react-hooks/exhaustive-deps -- the value may have changed with any rendering
  useEffect(() => {
    const switched = before.current !== plain;
    before.current = plain;
    if (value !== own.current) {
      own.current = value;
      setText(textOf(value, plain));
    } else if (switched) {
      // Between JSON and plain text the text stays and its meaning changes.
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

/** Refuses a text that `JsonField` couldn't read, saying why and where. */
export function jsonRule(t: Translate): Rule {
  return {
    validator: async (_rule, value: unknown) => {
      if (value instanceof UnreadableJson) {
        const { reason, place } = value.error;
        const { line, column } = place;
        throw new Error(
          reason === 'syntax'
            ? t('This is not JSON: look at line {{line}}, column {{column}}. Variables need quotes around them.', {
                line,
                column,
              })
            : reason === 'number'
              ? t('The number at line {{line}}, column {{column}} can not be kept exactly. Put it in quotes.', {
                  line,
                  column,
                })
              : t('The key at line {{line}}, column {{column}} is there twice. Only the last one would be kept.', {
                  line,
                  column,
                }),
        );
      }
    },
  };
}
