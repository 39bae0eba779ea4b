import { useFlowEngine, useFlowView } from '@nocobase/flow-engine';
import { Form } from 'antd';
import { cloneDeep } from 'lodash';
import { useEffect, useRef } from 'react';
import { useConfirm } from '../fields/useConfirm';
import { useT } from '../locale';
import { differ } from '../model/changes';

/** The requests with which NocoBase's drawers save a trigger and a node. */
const SAVES = /\b(workflows|flow_nodes):update\b/;

/** Asks before a drawer with unsaved changes closes. */
export function CloseGuard() {
  const t = useT();
  const confirm = useConfirm();
  const view = useFlowView();
  const form = Form.useFormInstance();
  const { axios } = useFlowEngine().context.api;
  const saved = useRef<unknown>();

  useEffect(() => {
    const remember = () => {
      saved.current = cloneDeep(form.getFieldValue('config'));
    };
    // NocoBase fills in the form in an effect of its own, after this one.
    const timer = setTimeout(remember);
    // A drawer that has been saved closes like one that hasn't; only the request tells them apart.
    const interceptor = axios.interceptors.response.use((response) => {
      if (SAVES.test(response.config.url ?? '')) {
        remember();
      }
      return response;
    });
    return () => {
      clearTimeout(timer);
      axios.interceptors.response.eject(interceptor);
    };
  }, [axios, form]);

  useEffect(() => {
    const { beforeClose } = view;
    let asking = false;
    const asksFirst: typeof beforeClose = async (payload) => {
      if (asking || (await beforeClose?.(payload)) === false) {
        return false;
      }
      if (!differ(saved.current, form.getFieldValue('config'))) {
        return true;
      }
      asking = true;
      try {
        return await confirm({
          title: t('Discard unsaved changes?'),
          okText: t('Discard changes'),
          cancelText: t('Keep editing'),
        });
      } finally {
        asking = false;
      }
    };
    Object.assign(view, { beforeClose: asksFirst });
    return () => void Object.assign(view, { beforeClose });
  }, [view, form, confirm, t]);

  return null;
}
