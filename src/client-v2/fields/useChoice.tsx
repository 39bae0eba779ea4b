import { useFlowEngine } from '@nocobase/flow-engine';
import { Button, theme } from 'antd';
import { useCallback } from 'react';

interface Question<Answer extends string> {
  title: string;
  content?: string;
  /** The answers as buttons, in this order. The last one is the primary button. */
  answers: { value: Answer; label: string }[];
}

/** Returns a function that asks the user a question in a dialog. Its promise is `undefined` if they press Escape. */
export function useChoice() {
  const { modal } = useFlowEngine().context;
  const { token } = theme.useToken();
  const { zIndexPopupBase } = token;
  return useCallback(
    <Answer extends string>({ title, content, answers }: Question<Answer>) =>
      new Promise<Answer | undefined>((resolve) => {
        const dialog = modal.confirm({
          title,
          content,
          // NocoBase numbers its drawers upwards from the base, so a dialog with the default index would open behind this one.
          zIndex: zIndexPopupBase + 1000,
          onCancel: () => resolve(undefined),
          footer: (
            <div style={{ display: 'flex', flexWrap: 'wrap', gap: token.marginXS, justifyContent: 'end' }}>
              {answers.map(({ value, label }, index) => (
                <Button
                  key={value}
                  type={index === answers.length - 1 ? 'primary' : 'default'}
                  onClick={() => {
                    resolve(value);
                    dialog.destroy();
                  }}
                >
                  {label}
                </Button>
              ))}
            </div>
          ),
        });
      }),
    [modal, token.marginXS, zIndexPopupBase],
  );
}
