import { useFlowEngine } from '@nocobase/flow-engine';
import { theme } from 'antd';
import { useCallback } from 'react';

interface Question {
  title: string;
  content?: string;
  okText: string;
  cancelText: string;
}

/** Returns a function that asks the user a question in a dialog; its promise is `true` if they confirm. */
export function useConfirm(): (question: Question) => Promise<boolean> {
  const { modal } = useFlowEngine().context;
  const { token } = theme.useToken();
  const { zIndexPopupBase } = token;
  return useCallback(
    // NocoBase numbers its drawers upwards from the base, so a dialog with the default index would open behind this one.
    async (question) => Boolean(await modal.confirm({ ...question, zIndex: zIndexPopupBase + 1000 })),
    [modal, zIndexPopupBase],
  );
}
